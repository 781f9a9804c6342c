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

// app is the whole app, listening nowhere yet.
type app struct {
	cfg config
	log *slog.Logger
	ory *ory.APIClient
}

func newApp(cfg config, log *slog.Logger) *app {
	return &app{cfg: cfg, log: log, ory: newOryClient(cfg.oryURL)}
}

// handler answers every request.
func (a *app) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", a.sessionMiddleware(http.HandlerFunc(a.traitsHandler)))
	mux.Handle("GET /dashboard", a.sessionMiddleware(http.HandlerFunc(a.dashboardHandler)))
	mux.HandleFunc("GET /refresh-session", a.refreshSessionHandler)
	mux.HandleFunc("GET /healthz", a.healthHandler)
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
	data := map[string]string{
		"Name":  name,
		"Since": session.AuthenticatedAt.Format(time.RFC3339),
		"Until": session.ExpiresAt.Format(time.RFC3339),
	}
	if err := dashboard.Execute(w, data); err != nil {
		a.log.Error("writing the dashboard", "error", err)
	}
}

// refreshSessionHandler is public: whoever has no session left signs in again.
// https://www.ory.com/docs/kratos/session-management/refresh-extend-sessions
func (a *app) refreshSessionHandler(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "private, no-store")
	if strings.Contains(r.Header.Get("Sec-Purpose")+r.Header.Get("Purpose"), "prefetch") {
		// Fetched ahead of time, it would begin a flow at Ory for nothing.
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	back := returnTo(r.URL.Query().Get("return_to"), a.cfg.appURL)
	http.Redirect(w, r, loginURL(a.cfg.oryURL, back, url.Values{"refresh": {"true"}}), http.StatusSeeOther)
}

func (a *app) healthHandler(w http.ResponseWriter, _ *http.Request) {
	a.writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
}

func (a *app) writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		a.log.Error("writing an answer", "error", err)
	}
}

func (a *app) fail(w http.ResponseWriter, err error) {
	a.log.Error("failed", "error", err)
	http.Error(w, "Something went wrong here.", http.StatusInternalServerError)
}
