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

// setup is an app behind a relay, both of one test's own. Browsers see it at testApp, wherever it listens here.
type setup struct {
	*httptest.Server
	app   *app
	relay *relay
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

// start starts the example. Afterwards its log is searched for cookies.
func start(t *testing.T) setup {
	t.Helper()
	return serve(t, (*app).handler)
}

// everywhere starts an app of one's own: every path and method of it is protected.
func everywhere(t *testing.T) setup {
	t.Helper()
	return serve(t, func(a *app) http.Handler { return a.sessionMiddleware(http.HandlerFunc(a.traitsHandler)) })
}

func serve(t *testing.T, handler func(*app) http.Handler) setup {
	t.Helper()
	relay := newRelay(t)
	var log lockedBuffer
	a := newApp(config{appURL: testApp, oryURL: relay.URL}, slog.New(slog.NewJSONHandler(&log, nil)))
	server := httptest.NewServer(handler(a))
	t.Cleanup(func() {
		server.Close()
		secrets := []string{"ory_kratos_session"}
		for _, cookie := range relay.asked() {
			_, value, _ := strings.Cut(cookie, "=")
			secrets = append(secrets, value)
		}
		for _, secret := range secrets {
			if strings.Contains(log.String(), secret) {
				t.Errorf("%s is in the log", secret)
			}
		}
	})
	return setup{server, a, relay}
}

type answer struct {
	status int
	header http.Header
	body   string
}

// send sends a request with the given header lines ("Name: value"). No redirect is followed. It may run in any goroutine.
func (s setup) send(t *testing.T, method, path, accept, cookie string, lines ...string) answer {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, nil)
	if err != nil {
		t.Error(err)
		return answer{}
	}
	request.Header.Set("Accept", accept)
	if cookie != "" {
		request.Header.Set("Cookie", cookie)
	}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		request.Header.Set(name, value)
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		t.Error(err)
		return answer{}
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Error(err)
		return answer{}
	}
	return answer{response.StatusCode, response.Header, string(body)}
}

func (s setup) get(t *testing.T, path, accept, cookie string, lines ...string) answer {
	t.Helper()
	return s.send(t, http.MethodGet, path, accept, cookie, lines...)
}

func (s setup) wantAsked(t *testing.T, want int) {
	t.Helper()
	if got := len(s.relay.asked()); got != want {
		t.Errorf("Ory was asked %d times, not %d", got, want)
	}
}

func wantStatus(t *testing.T, got answer, want int) {
	t.Helper()
	if got.status != want {
		t.Fatalf("status %d, not %d: %s", got.status, want, got.body)
	}
	if cache := got.header.Get("Cache-Control"); cache != "private, no-store" {
		t.Errorf("Cache-Control: %s", cache)
	}
}

func wantEmail(t *testing.T, got answer, email string) {
	t.Helper()
	wantStatus(t, got, http.StatusOK)
	var traits map[string]string
	decode(t, []byte(got.body), &traits)
	if len(traits) != 1 || traits["email"] != email {
		t.Errorf("traits are %s", got.body)
	}
}

// wantLogin wants a redirect to Ory's login with exactly this query.
func (s setup) wantLogin(t *testing.T, got answer, query url.Values) {
	t.Helper()
	wantStatus(t, got, http.StatusSeeOther)
	if want := s.relay.URL + "/self-service/login/browser?" + query.Encode(); got.header.Get("Location") != want {
		t.Errorf("Location: %s, not %s", got.header.Get("Location"), want)
	}
}

func backTo(path string) url.Values { return url.Values{"return_to": {testApp + path}} }

func wantError(t *testing.T, got answer, status int, code string) {
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
	var html, json answer
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

// The guide's sections.

func TestProtectRoutesWithASession(t *testing.T) {
	t.Parallel()
	s, p := start(t), signedIn(t)
	wantEmail(t, s.get(t, "/", page, p.cookie), p.email)
	s.wantAsked(t, 1)
}

func TestProtectRoutesWithoutASession(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.wantLogin(t, s.get(t, "/", page, ""), backTo("/"))
	s.wantLogin(t, s.get(t, "/dashboard?tab=a%20b&tab=c", page, ""), backTo("/dashboard?tab=a%20b&tab=c"))
	s.wantLogin(t, s.get(t, "/", "application/json, text/html", ""), backTo("/"))
	wantError(t, s.get(t, "/", api, ""), http.StatusUnauthorized, "unauthenticated")
	s.wantLogin(t, s.get(t, "/", page, "csrf_token_1=a; other=b; xory_kratos_session=c; ory_session"), backTo("/"))
	s.wantAsked(t, 0)
}

func TestRefreshSessionsRenewsTheSameSession(t *testing.T) {
	t.Parallel()
	s, p := start(t), signedIn(t)
	before := times(t, p.cookie)

	got := s.get(t, "/refresh-session?return_to=/dashboard%3Ftab%3D1", page, p.cookie)
	query := backTo("/dashboard?tab=1")
	query.Set("refresh", "true")
	s.wantLogin(t, got, query)
	again := signIn(t, p, strings.Replace(got.header.Get("Location"), s.relay.URL, oryURL(t), 1))

	after := times(t, again.cookie)
	if again.sessionID != p.sessionID || !after.AuthenticatedAt.After(before.AuthenticatedAt) || !after.ExpiresAt.After(before.ExpiresAt) {
		t.Errorf("%s became %s, %+v became %+v", p.sessionID, again.sessionID, before, after)
	}
}

func TestRefreshSessionsIgnoresPrefetchesAndHostileTargets(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, line := range []string{"Sec-Purpose: prefetch;prerender", "Purpose: prefetch"} {
		got := s.get(t, "/refresh-session", page, "", line)
		wantStatus(t, got, http.StatusServiceUnavailable)
		if got.header.Get("Location") != "" {
			t.Errorf("%s: redirected", line)
		}
	}
	for _, query := range []string{"", "?return_to=https://evil.example", "?return_to=//evil.example", "?return_to=/refresh-session"} {
		want := backTo("/dashboard")
		want.Set("refresh", "true")
		s.wantLogin(t, s.get(t, "/refresh-session"+query, page, ""), want)
	}
}

func TestSessionSettingsRevocationIsSeenAtOnce(t *testing.T) {
	t.Parallel()
	s := everywhere(t)
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost} {
		p := signedIn(t)
		wantStatus(t, s.send(t, method, "/note", api, p.cookie), http.StatusOK)
		revoke(t, p)
		wantStatus(t, s.send(t, method, "/note", api, p.cookie), http.StatusUnauthorized)
		wantError(t, s.get(t, "/note", api, p.cookie), http.StatusUnauthorized, "unauthenticated")
	}
}

// The outcomes.

func TestSecondFactorDue(t *testing.T) {
	t.Parallel()
	s, p := start(t), signedIn(t)
	cookie := signIn(t, person{email: p.email, password: p.password}, oryURL(t)+"/self-service/login/browser").cookie
	// On another device: this session stays as it was.
	enrolSecondFactor(t, p)
	want := backTo("/dashboard?x=1")
	want.Set("aal", "aal2")
	s.wantLogin(t, s.get(t, "/dashboard?x=1", page, cookie), want)
	wantError(t, s.get(t, "/dashboard", api, cookie), http.StatusForbidden, "session_aal2_required")
}

func TestUnknownCookie(t *testing.T) {
	t.Parallel()
	s := start(t)
	cookie := "ory_kratos_session=MTcwMDAwMDAwMHxhYmNk"
	s.wantLogin(t, s.get(t, "/dashboard", page, cookie), backTo("/dashboard"))
	wantError(t, s.get(t, "/dashboard", api, cookie), http.StatusUnauthorized, "unauthenticated")
	s.wantAsked(t, 2)
}

// says answers with this status and body.
func says(status int, contentType, body string) answerFunc {
	return func(_ realAnswer, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// begins sends the beginning of an answer that claims to be longer.
func begins(w http.ResponseWriter, real realAnswer) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", "10000")
	_, _ = io.WriteString(w, real.body[:20])
	w.(http.Flusher).Flush()
}

func TestOutageSignsNobodyInOrOut(t *testing.T) {
	t.Parallel()
	target := oryURL(t)
	faults := map[string]answerFunc{
		"403 with another reason": says(403, "application/json", `{"error":{"id":"security_csrf_violation"}}`),
		"404":                     says(404, "application/json", `{"error":{"code":404}}`),
		"429":                     says(429, "application/json", `{"error":{"code":429}}`),
		"500":                     says(500, "application/json", `{"error":{"code":500}}`),
		"502 in HTML":             says(502, "text/html", "<h1>Bad gateway</h1>"),
		"200 in HTML":             says(200, "text/html", "<h1>Maintenance</h1>"),
		"200 and nothing":         says(200, "application/json", ""),
		"200 and null":            says(200, "application/json", "null"),
		"200 and half a JSON":     says(200, "application/json", `{"active": tr`),
		"200 and an empty object": says(200, "application/json", "{}"),
		"active, but of nobody":   says(200, "application/json", `{"id":"1","active":true}`),
		"an inactive session": func(real realAnswer, w http.ResponseWriter, r *http.Request) {
			realAnswer{200, strings.Replace(real.body, `"active":true`, `"active":false`, 1)}.pass(w, r)
		},
		"204": func(_ realAnswer, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) },
		"a redirect to a session": func(_ realAnswer, w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, target+"/sessions/whoami", http.StatusFound)
		},
		"a lost connection": func(realAnswer, http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"half an answer": func(real realAnswer, w http.ResponseWriter, _ *http.Request) {
			begins(w, real)
			panic(http.ErrAbortHandler)
		},
		"no answer in time": func(_ realAnswer, _ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"no end of an answer in time": func(real realAnswer, w http.ResponseWriter, r *http.Request) {
			begins(w, real)
			<-r.Context().Done()
		},
	}
	p := signedIn(t)
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			s.relay.say(fault)
			s.wantUnavailable(t, http.MethodGet, p.cookie)
			s.relay.say(realAnswer.pass)
			wantEmail(t, s.get(t, "/", page, p.cookie), p.email)
		})
	}
	t.Run("nothing listens there", func(t *testing.T) {
		t.Parallel()
		s := start(t)
		s.relay.Close()
		s.wantUnavailable(t, http.MethodGet, p.cookie)
		if got := s.get(t, "/healthz", page, ""); got.status != http.StatusOK {
			t.Errorf("health is %d", got.status)
		}
	})
}

// What is sent where.

func TestCookies(t *testing.T) {
	t.Parallel()
	s, p := start(t), signedIn(t)
	session := regexp.MustCompile(`ory_kratos_session=[^;]+`).FindString(p.cookie)
	renewed := []string{"ory_kratos_session=renewed; Path=/; HttpOnly", "ory_session_x=y; Path=/"}
	s.relay.say(func(real realAnswer, w http.ResponseWriter, r *http.Request) {
		w.Header()["Set-Cookie"] = renewed
		real.pass(w, r)
	})
	sent := "theme=dark; " + p.cookie + "; ory_session_demo=z; app=1; ory_session_bad=a b; ory_kratos_continuity=c"
	got := s.get(t, "/", page, sent)
	wantEmail(t, got, p.email)
	if asked := s.relay.asked(); !slices.Equal(asked, []string{session + "; ory_session_demo=z"}) {
		t.Errorf("Ory got %q", asked)
	}
	if !slices.Equal(got.header.Values("Set-Cookie"), renewed) {
		t.Errorf("the browser got %q", got.header.Values("Set-Cookie"))
	}
	s.wantAsked(t, 1)
}

func TestRenamedSessionCookie(t *testing.T) {
	t.Parallel()
	for name, status := range map[string]int{"ory_kratos_session": http.StatusOK, "my_session": http.StatusUnauthorized} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, func(a *app) http.Handler {
				a.cfg.sessionCookie = name
				return a.handler()
			})
			p := signedIn(t)
			got := s.get(t, "/", api, "ory_session_demo=z; my_session=unknown-to-ory; "+p.cookie)
			if got.status != status {
				t.Errorf("status %d, not %d", got.status, status)
			}
			asked := s.relay.asked()
			if len(asked) != 1 || !strings.HasPrefix(asked[0], name+"=") || strings.Contains(asked[0], ";") {
				t.Errorf("Ory got %q", asked)
			}
		})
	}
}

func TestActionReturnsToItsPage(t *testing.T) {
	t.Parallel()
	s := everywhere(t)
	for referer, back := range map[string]string{
		testApp + "/notes?page=2":    "/notes?page=2",
		"https://evil.example/notes": "/dashboard",
		"":                           "/dashboard",
	} {
		s.wantLogin(t, s.send(t, http.MethodPost, "/note", page, "", "Referer: "+referer), backTo(back))
	}
}

func TestPathThatLooksLikeAHost(t *testing.T) {
	t.Parallel()
	s := everywhere(t)
	for _, path := range []string{"//evil.example/", "///evil.example", "/%5cevil.example//", "/.//evil.example"} {
		s.wantLogin(t, s.get(t, path, page, ""), backTo("/dashboard"))
	}
}

func TestDashboardShowsAHostileNameAsText(t *testing.T) {
	t.Parallel()
	s, p := start(t), signedIn(t)
	s.relay.say(func(real realAnswer, w http.ResponseWriter, r *http.Request) {
		hostile, _ := json.Marshal(`<script>alert('1')</script>&"`)
		body := regexp.MustCompile(`"email":"[^"]*"`).ReplaceAllLiteralString(real.body, `"email":`+string(hostile))
		realAnswer{real.status, body}.pass(w, r)
	})
	got := s.get(t, "/dashboard", page, p.cookie)
	wantStatus(t, got, http.StatusOK)
	if !strings.HasPrefix(got.header.Get("Content-Type"), "text/html") || !strings.Contains(got.body, "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;&#34;") {
		t.Error(got.body)
	}
}

func TestHandlerWithoutMiddleware(t *testing.T) {
	t.Parallel()
	a := newApp(config{appURL: testApp, oryURL: "http://localhost:1"}, slog.New(slog.DiscardHandler))
	recorder := httptest.NewRecorder()
	a.traitsHandler(recorder, httptest.NewRequest(http.MethodGet, "/", nil))
	if recorder.Code != http.StatusInternalServerError {
		t.Errorf("status %d", recorder.Code)
	}
}

// What a request costs.

func TestEachRequestCostsOneWhoami(t *testing.T) {
	t.Parallel()
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			s, p := everywhere(t), signedIn(t)
			var all sync.WaitGroup
			for range 50 {
				all.Go(func() {
					if got := s.send(t, method, "/note", page, p.cookie); !strings.Contains(got.body, p.email) {
						t.Errorf("got %d %s", got.status, got.body)
					}
				})
			}
			all.Wait()
			s.wantAsked(t, 50)
		})
	}
}

func TestEachPersonGetsTheirOwnSessionWhateverCookiesOthersMakeUp(t *testing.T) {
	t.Parallel()
	s := start(t)
	people := []person{signedIn(t), signedIn(t), signedIn(t)}
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			if got := s.get(t, "/", api, fmt.Sprintf("ory_session_x=made-up-%d", i)); got.status != http.StatusUnauthorized {
				t.Errorf("a made-up cookie got %d", got.status)
			}
		})
	}
	for _, p := range people {
		all.Go(func() {
			if got := s.get(t, "/", page, p.cookie); !strings.Contains(got.body, p.email) {
				t.Errorf("%s got %s", p.email, got.body)
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
