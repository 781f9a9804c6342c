package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	page = "text/html,application/xhtml+xml,*/*;q=0.8"
	api  = "application/json"
)

// setup is an app behind a relay. Its origin for browsers is testApp, whatever port the test uses.
type setup struct {
	*httptest.Server
	app    *app
	relay  *relay
	issuer *issuer
	log    *lockedBuffer
}

type lockedBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}

// start starts the example. After the test it checks that the log holds no cookies.
func start(t *testing.T) setup {
	t.Helper()
	return serve(t, (*app).handler)
}

// startProtected starts an app that protects every path and every method.
func startProtected(t *testing.T) setup {
	t.Helper()
	return serve(t, func(a *app) http.Handler { return a.sessionMiddleware(http.HandlerFunc(a.traitsHandler)) })
}

func serve(t *testing.T, handler func(*app) http.Handler) setup {
	t.Helper()
	relay, issuer := newRelay(t), newIssuer(t)
	log := &lockedBuffer{}
	a := newApp(config{appURL: testApp, oryURL: relay.URL, webURL: issuer.URL}, slog.New(slog.NewJSONHandler(log, nil)))
	server := httptest.NewServer(handler(a))
	t.Cleanup(func() {
		server.Close()
		secrets := []string{"ory_kratos_session"}
		for _, cookie := range relay.calls() {
			_, value, _ := strings.Cut(cookie, "=")
			secrets = append(secrets, value)
		}
		for _, secret := range secrets {
			if strings.Contains(log.String(), secret) {
				t.Errorf("%s is in the log", secret)
			}
		}
	})
	return setup{server, a, relay, issuer, log}
}

type result struct {
	status int
	header http.Header
	body   string
}

// send sends a request with the given header lines ("Name: value"). It follows no redirect, and may run in any goroutine. A request
// that may change something has the Origin of this app by default. Authorization lines are added to each other.
func (s setup) send(t *testing.T, method, path, accept, cookie string, lines ...string) result {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, nil)
	if err != nil {
		t.Error(err)
		return result{}
	}
	request.Header.Set("Accept", accept)
	if method != http.MethodGet && method != http.MethodHead {
		request.Header.Set("Origin", testApp)
	}
	if cookie != "" {
		request.Header.Set("Cookie", cookie)
	}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		if name == "Authorization" {
			request.Header.Add(name, value)
		} else {
			request.Header.Set(name, value)
		}
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		t.Error(err)
		return result{}
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Error(err)
		return result{}
	}
	return result{response.StatusCode, response.Header, string(body)}
}

func (s setup) get(t *testing.T, path, accept, cookie string, lines ...string) result {
	t.Helper()
	return s.send(t, http.MethodGet, path, accept, cookie, lines...)
}

func (s setup) wantCalls(t *testing.T, want int) {
	t.Helper()
	if got := len(s.relay.calls()); got != want {
		t.Errorf("Ory got %d whoami calls, not %d", got, want)
	}
}

func wantStatus(t *testing.T, got result, want int) {
	t.Helper()
	if got.status != want {
		t.Fatalf("status %d, not %d: %s", got.status, want, got.body)
	}
	if cache := got.header.Get("Cache-Control"); cache != "private, no-store" {
		t.Errorf("Cache-Control: %s", cache)
	}
}

func wantEmail(t *testing.T, got result, email string) {
	t.Helper()
	wantStatus(t, got, http.StatusOK)
	var traits map[string]string
	decode(t, []byte(got.body), &traits)
	if len(traits) != 1 || traits["email"] != email {
		t.Errorf("traits are %s", got.body)
	}
}

// wantLogin checks for a redirect to Ory's sign-in page with exactly this query.
func (s setup) wantLogin(t *testing.T, got result, query url.Values) {
	t.Helper()
	wantStatus(t, got, http.StatusSeeOther)
	if want := s.relay.URL + "/self-service/login/browser?" + query.Encode(); got.header.Get("Location") != want {
		t.Errorf("Location: %s, not %s", got.header.Get("Location"), want)
	}
}

func backTo(path string) url.Values { return url.Values{"return_to": {testApp + path}} }

func wantError(t *testing.T, got result, status int, code string) {
	t.Helper()
	wantStatus(t, got, status)
	var body struct{ Error struct{ Code string } }
	decode(t, []byte(got.body), &body)
	if body.Error.Code != code || got.header.Get("Content-Type") != "application/json" {
		t.Errorf("got %s", got.body)
	}
}

func (s setup) wantUnavailable(t *testing.T, method, cookie string) {
	t.Helper()
	var html, json result
	var both sync.WaitGroup
	both.Go(func() { html = s.send(t, method, "/dashboard", page, cookie) })
	both.Go(func() { json = s.send(t, method, "/dashboard", api, cookie) })
	both.Wait()
	wantStatus(t, html, http.StatusServiceUnavailable)
	if html.header.Get("Retry-After") != "5" || html.header.Get("Location") != "" || len(html.header.Values("Set-Cookie")) > 0 {
		t.Errorf("headers %v", html.header)
	}
	wantError(t, json, http.StatusServiceUnavailable, "ory_unavailable")
}

// The table of contract_test.go has what this app shares with the web app: outcomes, return_to and refreshes.

// Guard

func TestReturnsTraitsWithASession(t *testing.T) {
	t.Parallel()
	s, u := start(t), newSignedInUser(t)
	wantEmail(t, s.get(t, "/", page, u.cookie), u.email)
	s.wantCalls(t, 1)
}

func TestDoesNotCallOryWithoutASessionCookie(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.wantLogin(t, s.get(t, "/", "application/json, text/html", ""), backTo("/"))
	wantError(t, s.get(t, "/", api, ""), http.StatusUnauthorized, "unauthenticated")
	s.wantLogin(t, s.get(t, "/", page, "csrf_token_1=a; other=b; xory_kratos_session=c; ory_session"), backTo("/"))
	s.wantCalls(t, 0)
}

func TestRefreshRenewsTheSession(t *testing.T) {
	t.Parallel()
	s, u := start(t), newSignedInUser(t)
	before := times(t, u.cookie)

	got := s.get(t, "/refresh-session?return_to=/dashboard%3Ftab%3D1", page, u.cookie)
	query := backTo("/dashboard?tab=1")
	query.Set("refresh", "true")
	s.wantLogin(t, got, query)
	again := signIn(t, u, strings.Replace(got.header.Get("Location"), s.relay.URL, oryURL(t), 1))

	after := times(t, again.cookie)
	if again.sessionID != u.sessionID || !after.AuthenticatedAt.After(before.AuthenticatedAt) || !after.ExpiresAt.After(before.ExpiresAt) {
		t.Errorf("%s became %s, %+v became %+v", u.sessionID, again.sessionID, before, after)
	}
}

func TestRefusesARevokedSessionAtOnce(t *testing.T) {
	t.Parallel()
	s := startProtected(t)
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost} {
		u := newSignedInUser(t)
		wantStatus(t, s.send(t, method, "/note", api, u.cookie), http.StatusOK)
		revoke(t, u)
		wantStatus(t, s.send(t, method, "/note", api, u.cookie), http.StatusUnauthorized)
		wantError(t, s.get(t, "/note", api, u.cookie), http.StatusUnauthorized, "unauthenticated")
	}
}

// reply sends this response instead of Ory's.
func reply(status int, contentType, body string) respondFunc {
	return func(_ oryResponse, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// replyPartly sends the start of a response whose Content-Length is longer.
func replyPartly(w http.ResponseWriter, real oryResponse) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", "10000")
	_, _ = io.WriteString(w, real.body[:20])
	w.(http.Flusher).Flush()
}

func TestOutageKeepsTheUserSignedIn(t *testing.T) {
	t.Parallel()
	outages := map[string]respondFunc{
		"403 with another error id":             reply(403, "application/json", `{"error":{"id":"security_csrf_violation"}}`),
		"502 with HTML":                         reply(502, "text/html", "<h1>Bad gateway</h1>"),
		"200 without a body":                    reply(200, "application/json", ""),
		"200 with null":                         reply(200, "application/json", "null"),
		"200 with an empty object":              reply(200, "application/json", "{}"),
		"an active session without an identity": reply(200, "application/json", `{"id":"1","active":true}`),
		"an inactive session": func(real oryResponse, w http.ResponseWriter, r *http.Request) {
			oryResponse{200, strings.Replace(real.body, `"active":true`, `"active":false`, 1)}.pass(w, r)
		},
		"204":                 func(_ oryResponse, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) },
		"a closed connection": func(oryResponse, http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"no complete response in time": func(real oryResponse, w http.ResponseWriter, r *http.Request) {
			replyPartly(w, real)
			<-r.Context().Done()
		},
	}
	u := newSignedInUser(t)
	for name, outage := range outages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			s.relay.replace(outage)
			s.wantUnavailable(t, http.MethodGet, u.cookie)
			s.relay.replace(oryResponse.pass)
			wantEmail(t, s.get(t, "/", page, u.cookie), u.email)
		})
	}
	t.Run("Ory is unreachable", func(t *testing.T) {
		t.Parallel()
		s := start(t)
		s.relay.Close()
		s.wantUnavailable(t, http.MethodGet, u.cookie)
		if got := s.get(t, "/healthz", page, ""); got.status != http.StatusOK {
			t.Errorf("/healthz has status %d", got.status)
		}
	})
}

// Cookies

func TestSendsOryOnlyItsSessionCookies(t *testing.T) {
	t.Parallel()
	s, u := start(t), newSignedInUser(t)
	session := regexp.MustCompile(`ory_kratos_session=[^;]+`).FindString(u.cookie)
	renewed := []string{"ory_kratos_session=renewed; Path=/; HttpOnly", "ory_session_x=y; Path=/"}
	s.relay.replace(func(real oryResponse, w http.ResponseWriter, r *http.Request) {
		w.Header()["Set-Cookie"] = renewed
		real.pass(w, r)
	})
	sent := "theme=dark; " + u.cookie + "; ory_session_demo=z; app=1; ory_session_bad=a b; ory_kratos_continuity=c"
	got := s.get(t, "/", page, sent)
	wantEmail(t, got, u.email)
	if calls := s.relay.calls(); !slices.Equal(calls, []string{session + "; ory_session_demo=z"}) {
		t.Errorf("Ory got %q", calls)
	}
	if !slices.Equal(got.header.Values("Set-Cookie"), renewed) {
		t.Errorf("the browser got %q", got.header.Values("Set-Cookie"))
	}
	s.wantCalls(t, 1)
}

func TestSendsOryOnlyTheCookieThatTheSettingNames(t *testing.T) {
	t.Parallel()
	for name, status := range map[string]int{"ory_kratos_session": http.StatusOK, "my_session": http.StatusUnauthorized} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, func(a *app) http.Handler {
				a.cfg.sessionCookie = name
				return a.handler()
			})
			u := newSignedInUser(t)
			got := s.get(t, "/", api, "ory_session_demo=z; my_session=unknown-to-ory; "+u.cookie)
			if got.status != status {
				t.Errorf("status %d, not %d", got.status, status)
			}
			calls := s.relay.calls()
			if len(calls) != 1 || !strings.HasPrefix(calls[0], name+"=") || strings.Contains(calls[0], ";") {
				t.Errorf("Ory got %q", calls)
			}
		})
	}
}

func TestPostReturnsToThePageWithTheForm(t *testing.T) {
	t.Parallel()
	s := startProtected(t)
	for referer, back := range map[string]string{
		testApp + "/notes?page=2":    "/notes?page=2",
		"https://evil.example/notes": "/dashboard",
		"":                           "/dashboard",
	} {
		s.wantLogin(t, s.send(t, http.MethodPost, "/note", page, "", "Referer: "+referer), backTo(back))
	}
}

func TestPathThatLooksLikeAHostReturnsToTheDefaultPage(t *testing.T) {
	t.Parallel()
	s := startProtected(t)
	for _, path := range []string{"//evil.example/", "///evil.example", "/%5cevil.example//", "/.//evil.example"} {
		s.wantLogin(t, s.get(t, path, page, ""), backTo("/dashboard"))
	}
}

func TestDashboardEscapesTraits(t *testing.T) {
	t.Parallel()
	s, u := start(t), newSignedInUser(t)
	s.relay.replace(func(real oryResponse, w http.ResponseWriter, r *http.Request) {
		hostile, _ := json.Marshal(`<script>alert('1')</script>&"`)
		body := regexp.MustCompile(`"email":"[^"]*"`).ReplaceAllLiteralString(real.body, `"email":`+string(hostile))
		oryResponse{real.status, body}.pass(w, r)
	})
	got := s.get(t, "/dashboard", page, u.cookie)
	wantStatus(t, got, http.StatusOK)
	if !strings.HasPrefix(got.header.Get("Content-Type"), "text/html") || !strings.Contains(got.body, "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;&#34;") {
		t.Error(got.body)
	}
}

func TestHandlerWithoutMiddlewareSends500(t *testing.T) {
	t.Parallel()
	a := newApp(config{appURL: testApp, oryURL: "http://localhost:1"}, slog.New(slog.DiscardHandler))
	recorder := httptest.NewRecorder()
	a.traitsHandler(recorder, httptest.NewRequest(http.MethodGet, "/", nil))
	if recorder.Code != http.StatusInternalServerError {
		t.Errorf("status %d", recorder.Code)
	}
}

// Calls to Ory

func TestEachRequestCallsWhoamiOnce(t *testing.T) {
	t.Parallel()
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			s, u := startProtected(t), newSignedInUser(t)
			var all sync.WaitGroup
			for range 50 {
				all.Go(func() {
					if got := s.send(t, method, "/note", page, u.cookie); !strings.Contains(got.body, u.email) {
						t.Errorf("got %d %s", got.status, got.body)
					}
				})
			}
			all.Wait()
			s.wantCalls(t, 50)
		})
	}
}

func TestEachUserGetsTheirOwnSession(t *testing.T) {
	t.Parallel()
	s := start(t)
	users := []user{newSignedInUser(t), newSignedInUser(t), newSignedInUser(t)}
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			if got := s.get(t, "/", api, fmt.Sprintf("ory_session_x=invalid-%d", i)); got.status != http.StatusUnauthorized {
				t.Errorf("an invalid cookie got %d", got.status)
			}
		})
	}
	for _, u := range users {
		all.Go(func() {
			if got := s.get(t, "/", page, u.cookie); !strings.Contains(got.body, u.email) {
				t.Errorf("%s got %s", u.email, got.body)
			}
		})
	}
	all.Wait()
}

type sessionTimes struct {
	AuthenticatedAt time.Time `json:"authenticated_at"`
	ExpiresAt       time.Time `json:"expires_at"`
}

func times(t *testing.T, cookie string) sessionTimes {
	t.Helper()
	body, _ := call(t, http.MethodGet, oryURL(t)+"/sessions/whoami", cookie, nil)
	var got sessionTimes
	decode(t, body, &got)
	return got
}
