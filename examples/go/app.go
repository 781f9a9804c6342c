package main

import (
	"encoding/json"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	ory "github.com/ory/client-go"
)

// app is the app without a listener. main.go makes it listen.
type app struct {
	cfg config
	log *slog.Logger
	ory *ory.APIClient
	// Its requests bypass the cache of Ory Network's Edge Sessions.
	freshOry *ory.APIClient
	extender *extender
}

func newApp(cfg config, log *slog.Logger) *app {
	return &app{
		cfg:      cfg,
		log:      log,
		ory:      newOryClient(cfg.oryURL, timeout, nil),
		freshOry: newOryClient(cfg.oryURL, timeout, map[string]string{"Cache-Control": "max-age=0"}),
		extender: newExtender(cfg.sliding),
	}
}

func (a *app) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", a.sessionMiddleware(http.HandlerFunc(a.traitsHandler)))
	mux.Handle("GET /dashboard", a.sessionMiddleware(http.HandlerFunc(a.dashboardHandler)))
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
	name := session.Identity.Id
	if traits, ok := session.Identity.Traits.(map[string]any); ok {
		if email, ok := traits["email"].(string); ok {
			name = email
		}
	}
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
