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
	// How long Ory may take to answer. Later than that counts as no answer.
	timeLimit = 3 * time.Second
	// Seconds after which to try again while Ory does not answer.
	retrySeconds = "5"
)

// outcome is what is known of a request's session. unavailable is never a reason to let someone in, or to sign them out.
type outcome string

const (
	active       outcome = "active"
	anonymous    outcome = "anonymous"
	aal2Required outcome = "aal2_required"
	unavailable  outcome = "unavailable"
)

// verdict is an outcome, for active the session, and the cookies that Ory sent along, which belong to the browser.
type verdict struct {
	outcome    outcome
	session    *ory.Session
	setCookies []string
}

// sessionMiddleware lets a request pass only with an active session, which next finds with getSession. Everyone else gets: a
// redirect to Ory's login and back (401 for an API client); the same for a second factor that is due (403); or, while Ory gives
// no clear answer, 503. Each request with a session cookie costs one call to Ory, so a session that was ended elsewhere is refused
// at once. Nothing it protects may be stored by caches between here and the browser.
func (a *app) sessionMiddleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "private, no-store")
		v := a.whoami(r.Context(), a.cfg.sessionCookies(r.Header.Values("Cookie")))
		if v.outcome != active {
			a.refuse(w, r, v.outcome)
			return
		}
		for _, cookie := range v.setCookies {
			w.Header().Add("Set-Cookie", cookie)
		}
		next.ServeHTTP(w, r.WithContext(withSession(r.Context(), v.session)))
	})
}

type sessionKey struct{}

func withSession(ctx context.Context, session *ory.Session) context.Context {
	return context.WithValue(ctx, sessionKey{}, session)
}

// getSession returns the session of a request that passed sessionMiddleware: active, and with its identity and times. On a route
// that sessionMiddleware does not protect there is none, and that is the error.
func getSession(ctx context.Context) (*ory.Session, error) {
	session, ok := ctx.Value(sessionKey{}).(*ory.Session)
	if !ok {
		return nil, errors.New("no session in the context: sessionMiddleware does not protect this route")
	}
	return session, nil
}

// whoami asks Ory whose session a cookie is. Without an Ory session cookie a request is anonymous, and Ory is not called. What is
// neither a session nor Ory's clear no is unavailable, and logged without cookies.
func (a *app) whoami(ctx context.Context, cookie string) verdict {
	if cookie == "" {
		return verdict{outcome: anonymous}
	}
	session, response, err := a.ory.FrontendAPI.ToSession(ctx).Cookie(cookie).Execute()
	status := 0
	if response != nil {
		status = response.StatusCode
	}
	switch {
	case status == http.StatusOK && err == nil && isActive(session):
		return verdict{outcome: active, session: session, setCookies: response.Header.Values("Set-Cookie")}
	case status == http.StatusUnauthorized:
		return verdict{outcome: anonymous}
	case status == http.StatusForbidden && errorID(err) == "session_aal2_required":
		return verdict{outcome: aal2Required}
	}
	a.log.Error("Ory did not say whose session this is", "oryUrl", a.cfg.oryURL, "status", status, "error", err)
	return verdict{outcome: unavailable}
}

func isActive(session *ory.Session) bool {
	return session.GetActive() && session.Identity != nil && session.AuthenticatedAt != nil && session.ExpiresAt != nil
}

// errorID is the stable name of an error that Ory answered with.
func errorID(err error) string {
	var answered *ory.GenericOpenAPIError
	var body struct {
		Error struct {
			ID string `json:"id"`
		} `json:"error"`
	}
	if !errors.As(err, &answered) || json.Unmarshal(answered.Body(), &body) != nil {
		return ""
	}
	return body.Error.ID
}

// newOryClient is a client that follows no redirect: an answer from somewhere else is not Ory's.
func newOryClient(oryURL string) *ory.APIClient {
	transport := &http.Transport{
		Proxy:             http.ProxyFromEnvironment,
		ForceAttemptHTTP2: true,
		// All requests go to one host, and by default only two connections would be kept for the next ones.
		MaxIdleConnsPerHost: 100,
		IdleConnTimeout:     time.Minute,
	}
	cfg := ory.NewConfiguration()
	cfg.Servers = ory.ServerConfigurations{{URL: oryURL}}
	cfg.HTTPClient = &http.Client{
		Timeout:       timeLimit,
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return ory.NewAPIClient(cfg)
}

var cookiePair = regexp.MustCompile(`^[^=]+=[\x21-\x7e]*$`)

// sessionCookies picks the session cookies from Cookie headers, in the order sent: the one that ORY_SESSION_COOKIE names, else
// Kratos' and Ory Network's. Everything else stays here; so does what holds bytes that RFC 6265 does not allow.
func (c config) sessionCookies(headers []string) string {
	var picked []string
	for pair := range strings.SplitSeq(strings.Join(headers, ";"), ";") {
		pair = strings.TrimSpace(pair)
		if name, _, _ := strings.Cut(pair, "="); c.isSession(name) && cookiePair.MatchString(pair) {
			picked = append(picked, pair)
		}
	}
	return strings.Join(picked, "; ")
}

func (c config) isSession(name string) bool {
	if c.sessionCookie != "" {
		return name == c.sessionCookie
	}
	return name == "ory_kratos_session" || strings.HasPrefix(name, "ory_session_")
}

// apiErrors is what API clients get. The codes are stable.
var apiErrors = map[outcome]struct {
	status        int
	code, message string
}{
	anonymous:    {http.StatusUnauthorized, "unauthenticated", "There is no valid session. Sign in first."},
	aal2Required: {http.StatusForbidden, "session_aal2_required", "A second factor is due."},
	unavailable:  {http.StatusServiceUnavailable, "ory_unavailable", "The session could not be checked. Try again."},
}

// refuse answers a request that may not pass.
func (a *app) refuse(w http.ResponseWriter, r *http.Request, why outcome) {
	a.log.Info("refused", "outcome", why, "method", r.Method, "path", r.URL.Path)
	if why == unavailable {
		w.Header().Set("Retry-After", retrySeconds)
	}
	if wantsJSON(r) {
		e := apiErrors[why]
		a.writeJSON(w, e.status, map[string]any{"error": map[string]string{"code": e.code, "message": e.message}})
		return
	}
	if why == unavailable {
		http.Error(w, "Your session could not be checked. Try again in a few seconds.", http.StatusServiceUnavailable)
		return
	}
	query := url.Values{}
	if why == aal2Required {
		// Without it Ory would send the browser straight back.
		query.Set("aal", "aal2")
	}
	// 303: whatever was sent here, the browser continues with GET.
	http.Redirect(w, r, loginURL(a.cfg.oryURL, returnToPage(r, a.cfg.appURL), query), http.StatusSeeOther)
}

func wantsJSON(r *http.Request) bool {
	accept := r.Header.Get("Accept")
	return strings.Contains(accept, "application/json") && !strings.Contains(accept, "text/html")
}
