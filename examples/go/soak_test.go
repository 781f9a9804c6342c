package main

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
)

const (
	soakWarmUp      = 300
	soakRequests    = 3000
	soakConnections = 8
	// The heap may grow by this many bytes without a leak.
	soakLimit = 2_000_000
)

// A server runs for months, so its heap after garbage collection must not grow. Not parallel, because the other tests use the same
// heap and the same Ory.
func TestHeapDoesNotGrow(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	handler := newApp(config{appURL: testApp, oryURL: oryURL(t)}, log).handler()
	// Nothing listens on this port.
	withoutOry := newApp(config{appURL: testApp, oryURL: "http://localhost:9"}, log).handler()
	// Each connection sends as its own user, because requests of one user could share a call to Ory.
	var users []user
	for range soakConnections {
		users = append(users, newSignedInUser(t))
	}
	session := func(u user) string { return u.cookie }
	invalid := func(u user) string { return "ory_kratos_session=" + u.sessionID }

	for _, kind := range []struct {
		name, path, accept string
		cookie             func(user) string
		handler            http.Handler
		status             int
		callsOry           bool
	}{
		{"page", "/dashboard", page, session, handler, http.StatusOK, true},
		{"API", "/", api, session, handler, http.StatusOK, true},
		{"refused with an invalid cookie", "/dashboard", page, invalid, handler, http.StatusSeeOther, true},
		{"outage", "/dashboard", page, session, withoutOry, http.StatusServiceUnavailable, false},
	} {
		t.Run(kind.name, func(t *testing.T) {
			load := func(count int) {
				var sent atomic.Int64
				var connections sync.WaitGroup
				for _, u := range users {
					connections.Go(func() {
						for sent.Add(1) <= int64(count) {
							request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, kind.path, nil)
							request.Header.Set("Accept", kind.accept)
							request.Header.Set("Cookie", kind.cookie(u))
							recorder := httptest.NewRecorder()
							kind.handler.ServeHTTP(recorder, request)
							if recorder.Code != kind.status {
								t.Errorf("status %d, not %d: %s", recorder.Code, kind.status, recorder.Body)
								return
							}
						}
					})
				}
				connections.Wait()
			}

			load(soakWarmUp)
			callsBefore, before := whoamiCalls(t), collectedHeap()
			load(soakRequests)
			after, calls := collectedHeap(), whoamiCalls(t)-callsBefore
			heap := fmt.Sprintf("heap %.1f → %.1f MB", float64(before)/1e6, float64(after)/1e6)
			t.Logf("%s: %s, %d calls to Ory", kind.name, heap, calls)
			if after-before >= soakLimit {
				t.Errorf("%s in %d requests", heap, soakRequests)
			}
			if kind.callsOry && calls < soakRequests {
				t.Errorf("Ory counted %d calls for %d requests", calls, soakRequests)
			}
		})
	}
}

// collectedHeap returns the size of the heap after garbage collection, in bytes.
func collectedHeap() int64 {
	// Objects with a finalizer are freed by the second collection.
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

var whoamiCounter = regexp.MustCompile(`(?m)^http_requests_duration_seconds_count\{[^}]*endpoint="/sessions/whoami"[^}]*\} (\d+)$`)

// whoamiCalls returns how many whoami requests Kratos has received since it started.
func whoamiCalls(t *testing.T) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, setting(t, "TEST_ORY_ADMIN_URL")+"/admin/metrics/prometheus", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var body bytes.Buffer
	if _, err := body.ReadFrom(response.Body); err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, match := range whoamiCounter.FindAllStringSubmatch(body.String(), -1) {
		count, err := strconv.Atoi(match[1])
		if err != nil {
			t.Fatal(err)
		}
		total += count
	}
	return total
}
