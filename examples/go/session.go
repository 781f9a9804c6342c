package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	ory "github.com/ory/client-go"
)

const (
	// How long Ory may take to respond.
	timeout = 3 * time.Second
	// How long clients should wait before they retry while Ory is unavailable, in seconds.
	retryAfter = "5"
)

// outcome says whether a request has a session. unavailable must never sign anyone in or out.
type outcome string

const (
	active       outcome = "active"
	anonymous    outcome = "anonymous"
	aal2Required outcome = "aal2_required"
	unavailable  outcome = "unavailable"
	// Another site may have sent the request.
	crossSite outcome = "cross_site"
)

// apiErrors holds the responses to API clients. Clients may rely on each code.
var apiErrors = map[outcome]struct {
	status        int
	code, message string
}{
	anonymous:    {http.StatusUnauthorized, "unauthenticated", "There is no valid session. Sign in first."},
	aal2Required: {http.StatusForbidden, "session_aal2_required", "A second factor is required."},
	crossSite:    {http.StatusForbidden, "cross_site_request", "This request was sent from another site."},
	unavailable:  {http.StatusServiceUnavailable, "ory_unavailable", "The session could not be checked. Try again."},
}

// sessionMiddleware adds the session to the request's context, or refuses the request: a page is redirected to Ory's sign-in page,
// an API client gets 401 or 403, and both get 503 while Ory is unavailable.
//
// A browser sends cookies with every request, also when another site makes it. So a request that may change something must come from
// a page of this app or of the web app.
func (a *app) sessionMiddleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "private, no-store")
		isRead := r.Method == http.MethodGet || r.Method == http.MethodHead
		if origin := r.Header.Get("Origin"); !isRead && origin != a.cfg.appURL && origin != a.cfg.webURL {
			a.refuse(w, r, crossSite)
			return
		}
		cookie := a.cfg.sessionCookies(r.Header.Values("Cookie"))
		checked := a.whoami(r.Context(), cookie, !isRead)
		if isRead {
			checked = a.extend(r.Context(), cookie, checked)
		}
		if checked.outcome != active {
			a.refuse(w, r, checked.outcome)
			return
		}
		for _, cookie := range checked.setCookies {
			w.Header().Add("Set-Cookie", cookie)
		}
		next.ServeHTTP(w, r.WithContext(withSession(r.Context(), checked.session)))
	})
}

type sessionKey struct{}

func withSession(ctx context.Context, session *ory.Session) context.Context {
	return context.WithValue(ctx, sessionKey{}, session)
}

// getSession returns the active session of a request that passed sessionMiddleware. Its identity and times are set. It returns an
// error on a route that sessionMiddleware does not protect.
func getSession(ctx context.Context) (*ory.Session, error) {
	session, ok := ctx.Value(sessionKey{}).(*ory.Session)
	if !ok {
		return nil, errors.New("the context has no session: add sessionMiddleware to this route")
	}
	return session, nil
}

func (a *app) refuse(w http.ResponseWriter, r *http.Request, why outcome) {
	a.log.Info("refused", "outcome", why, "method", r.Method, "path", r.URL.Path)
	if why == unavailable {
		w.Header().Set("Retry-After", retryAfter)
	}
	e := apiErrors[why]
	switch {
	case wantsJSON(r):
		a.writeJSON(w, e.status, map[string]any{"error": map[string]string{"code": e.code, "message": e.message}})
	case why == unavailable || why == crossSite:
		http.Error(w, e.message, e.status)
	default:
		query := url.Values{}
		if why == aal2Required {
			// Without aal, Ory would redirect straight back.
			query.Set("aal", "aal2")
		}
		// With 303 the browser continues with GET, also after a POST.
		http.Redirect(w, r, a.cfg.loginURL(requestedPage(r), query), http.StatusSeeOther)
	}
}

func wantsJSON(r *http.Request) bool {
	accept := r.Header.Get("Accept")
	return strings.HasPrefix(r.URL.Path, "/api/") || strings.Contains(accept, "application/json") && !strings.Contains(accept, "text/html")
}

// verdict is the result of a session check. The session is set only if the outcome is active. setCookies are from Ory, for the
// browser.
type verdict struct {
	outcome    outcome
	session    *ory.Session
	setCookies []string
}

// whoami asks Ory for the session of a Cookie header. fresh bypasses the cache of Ory Network's Edge Sessions.
func (a *app) whoami(ctx context.Context, cookie string, fresh bool) verdict {
	if cookie == "" {
		return verdict{outcome: anonymous}
	}
	client := a.ory
	if fresh {
		client = a.freshOry
	}
	session, response, err := client.FrontendAPI.ToSession(ctx).Cookie(cookie).Execute()
	status := 0
	if response != nil {
		status = response.StatusCode
	}
	switch {
	case status == http.StatusOK && err == nil && isActive(session):
		return verdict{active, session, response.Header.Values("Set-Cookie")}
	case status == http.StatusUnauthorized:
		return verdict{outcome: anonymous}
	case status == http.StatusForbidden && errorID(err) == "session_aal2_required":
		return verdict{outcome: aal2Required}
	}
	a.log.Error("unexpected response from Ory, or none", "oryUrl", a.cfg.oryURL, "status", status, "error", err)
	return verdict{outcome: unavailable}
}

func isActive(session *ory.Session) bool {
	return session.GetActive() && session.Identity != nil && session.AuthenticatedAt != nil && session.ExpiresAt != nil
}

// errorID returns the id in the body of Ory's error response.
func errorID(err error) string {
	var response *ory.GenericOpenAPIError
	var body struct{ Error struct{ ID string } }
	if !errors.As(err, &response) || json.Unmarshal(response.Body(), &body) != nil {
		return ""
	}
	return body.Error.ID
}

// newOryClient creates a client that sends these headers with each request.
func newOryClient(oryURL string, timeout time.Duration, headers map[string]string) *ory.APIClient {
	cfg := ory.NewConfiguration()
	cfg.Servers = ory.ServerConfigurations{{URL: oryURL}}
	for name, value := range headers {
		cfg.AddDefaultHeader(name, value)
	}
	cfg.HTTPClient = &http.Client{
		Timeout: timeout,
		Transport: &http.Transport{
			Proxy:             http.ProxyFromEnvironment,
			ForceAttemptHTTP2: true,
			// All requests go to one host. The default keeps only two idle connections per host.
			MaxIdleConnsPerHost: 100,
			IdleConnTimeout:     time.Minute,
		},
		// The response of another server is not Ory's.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return ory.NewAPIClient(cfg)
}

var cookiePair = regexp.MustCompile(`^[\x21-\x3c\x3e-\x7e]+=[\x21-\x7e]*$`)

// sessionCookies picks Ory's session cookies from Cookie headers. Ory gets no other cookie, and none with bytes that RFC 6265
// forbids.
func (c config) sessionCookies(headers []string) string {
	var picked []string
	for pair := range strings.SplitSeq(strings.Join(headers, ";"), ";") {
		pair = strings.TrimSpace(pair)
		if name, _, _ := strings.Cut(pair, "="); c.isSessionCookie(name) && cookiePair.MatchString(pair) {
			picked = append(picked, pair)
		}
	}
	return strings.Join(picked, "; ")
}

func (c config) isSessionCookie(name string) bool {
	if c.sessionCookie != "" {
		return name == c.sessionCookie
	}
	return name == "ory_kratos_session" || strings.HasPrefix(name, "ory_session_")
}
