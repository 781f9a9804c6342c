package main

import (
	"cmp"
	"encoding/json"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	ory "github.com/ory/client-go"
	"github.com/rs/cors"
)

// app is the app without a listener. main.go makes it listen.
type app struct {
	cfg config
	log *slog.Logger
	ory *ory.APIClient
	// Its requests bypass the cache of Ory Network's Edge Sessions.
	freshOry *ory.APIClient
	extender *extender
	keys     *tokenKeys
}

func newApp(cfg config, log *slog.Logger) *app {
	return &app{
		cfg:      cfg,
		log:      log,
		ory:      newOryClient(cfg.oryURL, timeout, nil),
		freshOry: newOryClient(cfg.oryURL, timeout, map[string]string{"Cache-Control": "max-age=0"}),
		extender: newExtender(cfg.sliding),
		keys:     newTokenKeys(cfg.webURL, keysCooldown, keysRefresh, log),
	}
}

func (a *app) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", a.sessionMiddleware(http.HandlerFunc(a.traitsHandler)))
	mux.Handle("GET /dashboard", a.sessionMiddleware(http.HandlerFunc(a.dashboardHandler)))
	mux.Handle("/api/", a.apiHandler())
	mux.HandleFunc("GET /refresh-session", a.refreshSessionHandler)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		a.writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'none'; img-src data:; base-uri 'none'; frame-ancestors 'none'")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		mux.ServeHTTP(w, r)
	})
}

// apiHandler serves the routes that pages of the web app may call, with the user's cookies or with a token. Pages of other origins may
// not.
func (a *app) apiHandler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /api/me", a.eitherMiddleware(http.HandlerFunc(a.meHandler)))
	return cors.New(cors.Options{
		AllowedOrigins:   []string{a.cfg.webURL},
		AllowCredentials: true,
		AllowedMethods:   []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete},
		AllowedHeaders:   []string{"Authorization", "Content-Type"},
		MaxAge:           600,
	}).Handler(mux)
}

// eitherMiddleware takes a token or a session cookie. It ignores the cookies of a request with a token. An invalid token would otherwise
// reach them without the check of Origin.
func (a *app) eitherMiddleware(next http.Handler) http.Handler {
	withSession, withToken := a.sessionMiddleware(next), a.tokenMiddleware(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.Header.Values("Authorization")) == 0 {
			withSession.ServeHTTP(w, r)
		} else {
			withToken.ServeHTTP(w, r)
		}
	})
}

// me is the response of /api/me.
type me struct {
	// "cookie" or "token"
	By            string `json:"by"`
	ID            string `json:"id"`
	Email         string `json:"email,omitempty"`
	EmailVerified bool   `json:"email_verified"`
	Role          string `json:"role,omitempty"`
	AAL           string `json:"aal"`
}

func (a *app) meHandler(w http.ResponseWriter, r *http.Request) {
	if claims, err := getClaims(r.Context()); err == nil {
		a.writeJSON(w, http.StatusOK, me{"token", claims.Subject, claims.Email, *claims.EmailVerified, claims.Role, claims.AAL})
		return
	}
	session, err := getSession(r.Context())
	if err != nil {
		a.fail(w, err)
		return
	}
	identity := session.Identity
	email := emailOf(identity)
	verified := slices.ContainsFunc(identity.VerifiableAddresses, func(address ory.VerifiableIdentityAddress) bool {
		return address.Value == email && address.Verified
	})
	role, _ := identity.MetadataPublic["role"].(string)
	a.writeJSON(w, http.StatusOK, me{"cookie", identity.Id, email, verified, role, string(session.GetAuthenticatorAssuranceLevel())})
}

func emailOf(identity *ory.Identity) string {
	traits, _ := identity.Traits.(map[string]any)
	email, _ := traits["email"].(string)
	return email
}

func (a *app) traitsHandler(w http.ResponseWriter, r *http.Request) {
	session, err := getSession(r.Context())
	if err != nil {
		a.fail(w, err)
		return
	}
	a.writeJSON(w, http.StatusOK, session.Identity.Traits)
}

var dashboard = template.Must(template.New("dashboard").Parse(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Dashboard</title>
<link rel="icon" href="data:,">
<h1>Dashboard</h1>
<p>Signed in as {{.Name}}, since {{.Since}}, until {{.Until}}.</p>
<p><a href="/refresh-session?return_to=/dashboard">Refresh session</a></p>
</html>
`))

func (a *app) dashboardHandler(w http.ResponseWriter, r *http.Request) {
	session, err := getSession(r.Context())
	if err != nil {
		a.fail(w, err)
		return
	}
	name := cmp.Or(emailOf(session.Identity), session.Identity.Id)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	err = dashboard.Execute(w, map[string]string{
		"Name":  name,
		"Since": session.AuthenticatedAt.Format(time.RFC3339),
		"Until": session.ExpiresAt.Format(time.RFC3339),
	})
	if err != nil {
		a.log.Error("could not write the dashboard", "error", err)
	}
}

// refreshSessionHandler is public, because a user whose session has expired can sign in again here.
// https://www.ory.com/docs/kratos/session-management/refresh-extend-sessions
func (a *app) refreshSessionHandler(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "private, no-store")
	if strings.Contains(r.Header.Get("Sec-Purpose")+r.Header.Get("Purpose"), "prefetch") {
		// A prefetch would start a login flow that the user may never open.
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	login := a.cfg.loginURL(r.URL.Query().Get("return_to"), url.Values{"refresh": {"true"}})
	http.Redirect(w, r, login, http.StatusSeeOther)
}

func (a *app) writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		a.log.Error("could not write the response", "error", err)
	}
}

func (a *app) fail(w http.ResponseWriter, err error) {
	a.log.Error("request failed", "error", err)
	http.Error(w, "Something went wrong. Try again later.", http.StatusInternalServerError)
}
