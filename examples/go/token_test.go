package main

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// The table of contract_test.go has which tokens are valid. These tests are about the keys, and about requests from a browser.

const testEmail = "ada@example.com"

// startWithKeys starts an app that fetches the keys at these intervals.
func startWithKeys(t *testing.T, cooldown, refresh time.Duration) setup {
	t.Helper()
	return serve(t, func(a *app) http.Handler {
		a.keys = newTokenKeys(a.cfg.webURL, cooldown, refresh, a.log)
		return a.handler()
	})
}

func (s setup) callWith(t *testing.T, token string) string {
	t.Helper()
	got := s.get(t, "/api/me", api, "", "Authorization: Bearer "+token)
	var body struct {
		By    string
		Error struct{ Code string }
	}
	if err := json.Unmarshal([]byte(got.body), &body); err != nil {
		t.Errorf("%v in %s", err, got.body)
	}
	return body.By + body.Error.Code
}

func (s setup) call(t *testing.T, kid string) string {
	t.Helper()
	changes := tokenChanges{}
	if kid != "" {
		changes.Kid, _ = json.Marshal(kid)
	}
	return s.callWith(t, s.issuer.token(t, testEmail, s.relay.URL, changes))
}

// callAtOnce returns the different outcomes of 50 concurrent requests.
func (s setup) callAtOnce(t *testing.T, kid string) []string {
	t.Helper()
	outcomes := make([]string, 50)
	var all sync.WaitGroup
	for i := range outcomes {
		all.Go(func() { outcomes[i] = s.call(t, kid) })
	}
	all.Wait()
	slices.Sort(outcomes)
	return slices.Compact(outcomes)
}

func wantOutcomes(t *testing.T, got []string, want string) {
	t.Helper()
	if !slices.Equal(got, []string{want}) {
		t.Errorf("got %q, not %q", got, want)
	}
}

func (s setup) wantFetches(t *testing.T, want int) {
	t.Helper()
	if got := s.issuer.count(); got != want {
		t.Errorf("the keys were fetched %d times, not %d", got, want)
	}
}

func TestFetchesTheKeysOnceAndDoesNotCallOry(t *testing.T) {
	t.Parallel()
	s := start(t)
	wantOutcomes(t, s.callAtOnce(t, ""), "token")
	s.wantFetches(t, 1)
	s.wantCalls(t, 0)
}

func TestUnknownKeyIDsCauseOneFetchInTheCooldown(t *testing.T) {
	t.Parallel()
	s := startWithKeys(t, 2*time.Second, time.Hour)
	wantOutcomes(t, s.callAtOnce(t, ""), "token")
	wantOutcomes(t, s.callAtOnce(t, "unknown"), "token_invalid")
	s.wantFetches(t, 1)
	time.Sleep(2100 * time.Millisecond)
	wantOutcomes(t, s.callAtOnce(t, "unknown"), "token_invalid")
	s.wantFetches(t, 2)
	wantOutcomes(t, s.callAtOnce(t, ""), "token")
}

func TestAcceptsANewKeyAndTheOldOneWhileItIsPublished(t *testing.T) {
	t.Parallel()
	s := startWithKeys(t, 500*time.Millisecond, time.Hour)
	old := s.issuer.token(t, testEmail, s.relay.URL, tokenChanges{})
	wantOutcomes(t, []string{s.callWith(t, old)}, "token")
	s.issuer.rotate(t, 1)
	time.Sleep(600 * time.Millisecond)
	wantOutcomes(t, s.callAtOnce(t, ""), "token")
	s.wantFetches(t, 2)
	wantOutcomes(t, []string{s.callWith(t, old)}, "token")
}

func TestRefusesARemovedKeyAfterTheNextFetch(t *testing.T) {
	t.Parallel()
	s := startWithKeys(t, time.Hour, time.Second)
	old := s.issuer.token(t, testEmail, s.relay.URL, tokenChanges{})
	wantOutcomes(t, []string{s.callWith(t, old)}, "token")
	s.issuer.rotate(t, 0)
	wantOutcomes(t, []string{s.callWith(t, old)}, "token")
	time.Sleep(1500 * time.Millisecond)
	wantOutcomes(t, []string{s.callWith(t, old)}, "token_invalid")
	wantOutcomes(t, s.callAtOnce(t, ""), "token")
}

func TestWhileTheWebAppIsDownUnknownKeysLeadTo503AndKnownOnesWork(t *testing.T) {
	t.Parallel()
	for name, outage := range map[string]http.HandlerFunc{
		"responds with 500":  status(http.StatusInternalServerError),
		"responds with HTML": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<h1>Maintenance</h1>")) },
		"redirects to another server": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:9/", http.StatusFound)
		},
		"does not respond in time": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"closes the connection":    func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startWithKeys(t, 5*time.Second, time.Hour)
			s.issuer.replace(outage)
			wantOutcomes(t, s.callAtOnce(t, ""), "unavailable")
			wantError(t, s.get(t, "/api/me", api, "", "Authorization: Bearer "+s.issuer.token(t, testEmail, s.relay.URL, tokenChanges{})), http.StatusServiceUnavailable, "unavailable")
			s.wantFetches(t, 1)
			if lines := strings.Count(s.log.String(), "could not be fetched\",\"url"); lines != 1 {
				t.Errorf("the log is %s", s.log)
			}

			s.issuer.replace(nil)
			time.Sleep(5100 * time.Millisecond)
			wantOutcomes(t, s.callAtOnce(t, ""), "token")
			s.wantFetches(t, 2)

			s.issuer.replace(outage)
			time.Sleep(5100 * time.Millisecond)
			wantOutcomes(t, s.callAtOnce(t, ""), "token")
			wantOutcomes(t, s.callAtOnce(t, "new"), "unavailable")
			s.wantFetches(t, 3)
			wantOutcomes(t, s.callAtOnce(t, ""), "token")
		})
	}
}

// Requests from a browser

func corsHeaders(got result) []string {
	var names []string
	for name := range got.header {
		if strings.HasPrefix(name, "Access-Control-") {
			names = append(names, name)
		}
	}
	return names
}

func TestAnswersCORSRequestsOfTheWebAppAndNoOthers(t *testing.T) {
	t.Parallel()
	s := start(t)
	preflight := []string{"Access-Control-Request-Method: GET", "Access-Control-Request-Headers: authorization"}
	ask := func(method, path, origin string) result {
		return s.send(t, method, path, api, "", append(preflight, "Origin: "+origin)...)
	}
	own := ask(http.MethodOptions, "/api/me", s.issuer.URL)
	if own.status != http.StatusNoContent ||
		own.header.Get("Access-Control-Allow-Origin") != s.issuer.URL ||
		own.header.Get("Access-Control-Allow-Credentials") != "true" ||
		!strings.EqualFold(own.header.Get("Access-Control-Allow-Headers"), "authorization") {
		t.Errorf("the preflight got %d %v", own.status, own.header)
	}
	// The page must be able to read why a request is refused.
	refused := ask(http.MethodGet, "/api/me", s.issuer.URL)
	wantError(t, refused, http.StatusUnauthorized, "unauthenticated")
	if refused.header.Get("Access-Control-Allow-Origin") != s.issuer.URL || !strings.Contains(refused.header.Get("Vary"), "Origin") {
		t.Errorf("headers %v", refused.header)
	}
	for _, origin := range []string{"https://evil.example", "null", s.issuer.URL + ".evil.example", testApp} {
		for _, method := range []string{http.MethodOptions, http.MethodGet} {
			if names := corsHeaders(ask(method, "/api/me", origin)); len(names) > 0 {
				t.Errorf("%s from %s got %q", method, origin, names)
			}
		}
	}
	if names := corsHeaders(ask(http.MethodGet, "/dashboard", s.issuer.URL)); len(names) > 0 {
		t.Errorf("a page got %q", names)
	}
}

func TestRefusesAChangeWithACookieFromAnotherSiteAndAcceptsItWithAToken(t *testing.T) {
	t.Parallel()
	done := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	s := serve(t, func(a *app) http.Handler {
		mux := http.NewServeMux()
		mux.Handle("/cookie", a.sessionMiddleware(done))
		mux.Handle("/token", a.tokenMiddleware(done))
		return mux
	})
	u := newSignedInUser(t)
	change := func(path, cookie string, lines ...string) result {
		return s.send(t, http.MethodPost, path, api, cookie, lines...)
	}
	for _, origin := range []string{testApp, s.issuer.URL} {
		wantStatus(t, change("/cookie", u.cookie, "Origin: "+origin), http.StatusNoContent)
	}
	for _, origin := range []string{"", "https://evil.example", "null", testApp + ".evil.example"} {
		wantError(t, change("/cookie", u.cookie, "Origin: "+origin), http.StatusForbidden, "cross_site_request")
	}
	s.wantCalls(t, 2)

	token := "Authorization: Bearer " + s.issuer.token(t, testEmail, s.relay.URL, tokenChanges{})
	for _, origin := range []string{"", "https://evil.example"} {
		wantStatus(t, change("/token", "", token, "Origin: "+origin), http.StatusNoContent)
	}
	wantError(t, change("/token", u.cookie), http.StatusUnauthorized, "token_invalid")
}
