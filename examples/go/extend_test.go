package main

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	adminToken = "secret-token"
	renewed    = "ory_kratos_session=renewed; Path=/"
)

// extending is an app whose user has a session that ends in an hour, until the admin API extends it.
type extending struct {
	setup
	user  user
	admin *httptest.Server
	mu    sync.Mutex
	// Method, path and Authorization header of each request to the admin API.
	extensions []string
}

func startExtending(t *testing.T, change func(*sliding), respond http.HandlerFunc) *extending {
	t.Helper()
	e, log := &extending{user: newSignedInUser(t)}, &lockedBuffer{}
	admin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e.mu.Lock()
		e.extensions = append(e.extensions, r.Method+" "+r.URL.Path+" "+r.Header.Get("Authorization"))
		e.mu.Unlock()
		respond(w, r)
	}))
	t.Cleanup(admin.Close)
	e.admin = admin
	relay, soon := newRelay(t), time.Now().Add(time.Hour)
	relay.replace(func(real oryResponse, w http.ResponseWriter, r *http.Request) {
		end := soon
		if len(e.calls()) > 0 {
			end = soon.Add(720 * time.Hour)
			w.Header().Set("Set-Cookie", renewed)
		}
		var session map[string]any
		decode(t, []byte(real.body), &session)
		session["expires_at"] = end
		body, _ := json.Marshal(session)
		oryResponse{real.status, string(body)}.pass(w, r)
	})
	cfg := config{appURL: testApp, oryURL: relay.URL, sliding: sliding{admin.URL, adminToken, 2 * time.Hour, 2160 * time.Hour}}
	change(&cfg.sliding)
	a := newApp(cfg, slog.New(slog.NewJSONHandler(log, nil)))
	// "/" takes every method.
	mux := http.NewServeMux()
	mux.Handle("/", a.sessionMiddleware(http.HandlerFunc(a.traitsHandler)))
	mux.Handle("GET /dashboard", a.sessionMiddleware(http.HandlerFunc(a.dashboardHandler)))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	e.setup = setup{server, a, relay, nil, log}
	return e
}

func (e *extending) calls() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.extensions)
}

func unchanged(*sliding) {}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

func TestExtendsASessionThatEndsSoon(t *testing.T) {
	t.Parallel()
	for name, respond := range map[string]http.HandlerFunc{
		"200": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte("{}"))
		},
		"204": status(http.StatusNoContent),
		"404": status(http.StatusNotFound),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := startExtending(t, unchanged, respond)
			got := e.get(t, "/", page, e.user.cookie)
			wantEmail(t, got, e.user.email)
			if !slices.Equal(got.header.Values("Set-Cookie"), []string{renewed}) {
				t.Errorf("the browser got %q", got.header.Values("Set-Cookie"))
			}
			e.wantCalls(t, 2)
			wantEmail(t, e.get(t, "/", page, e.user.cookie), e.user.email)
			e.wantCalls(t, 3)
			if calls := e.calls(); !slices.Equal(calls, []string{"PATCH /admin/sessions/" + e.user.sessionID + "/extend Bearer " + adminToken}) {
				t.Errorf("the admin API got %q", calls)
			}
		})
	}
}

func TestExtendsASessionOnceForConcurrentRequests(t *testing.T) {
	t.Parallel()
	e := startExtending(t, unchanged, status(http.StatusNoContent))
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() { wantEmail(t, e.get(t, "/", page, e.user.cookie), e.user.email) })
	}
	all.Wait()
	if calls := e.calls(); len(calls) != 1 {
		t.Errorf("the admin API got %q", calls)
	}
}

func TestDoesNotExtendOtherSessions(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		method string
		change func(*sliding)
	}{
		"for a request that may change anything": {http.MethodPost, unchanged},
		"without ORY_ADMIN_URL":                  {http.MethodGet, func(s *sliding) { s.adminURL = "" }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := startExtending(t, test.change, status(http.StatusNoContent))
			wantStatus(t, e.send(t, test.method, "/", page, e.user.cookie), http.StatusOK)
			if calls := e.calls(); len(calls) != 0 {
				t.Errorf("the admin API got %q", calls)
			}
		})
	}
}

func TestAFailingAdminAPIChangesNothing(t *testing.T) {
	t.Parallel()
	for name, respond := range map[string]http.HandlerFunc{
		"401": status(http.StatusUnauthorized),
		"a redirect to another server": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:9/", http.StatusTemporaryRedirect)
		},
		"a closed connection": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"no response in time": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := startExtending(t, unchanged, respond)
			before := time.Now()
			for range 2 {
				wantStatus(t, e.get(t, "/", page, e.user.cookie), http.StatusOK)
			}
			if waited := time.Since(before); waited > 2*time.Second {
				t.Errorf("waited %s", waited)
			}
			if calls := e.calls(); len(calls) != 1 {
				t.Errorf("the admin API got %q", calls)
			}
			if lines := strings.Count(e.log.String(), "sessions are not extended"); lines != 1 || strings.Contains(e.log.String(), adminToken) {
				t.Errorf("the log is %s", e.log)
			}
		})
	}
}

func TestKeepsASessionThatTheRealAdminAPIDoesNotExtendYet(t *testing.T) {
	t.Parallel()
	e := startExtending(t, func(s *sliding) {
		s.adminURL, s.extendBelow = setting(t, "TEST_ORY_ADMIN_URL"), 2160*time.Hour
	}, status(http.StatusNoContent))
	for range 2 {
		wantStatus(t, e.get(t, "/", page, e.user.cookie), http.StatusOK)
	}
	e.wantCalls(t, 3)
	if e.log.String() != "" {
		t.Errorf("the log is %s", e.log)
	}
}
