package main

import (
	"context"
	"net/http"
	"sync"
	"time"

	ory "github.com/ory/client-go"
)

const (
	// How long a request may wait for the admin API.
	adminTimeout = time.Second
	// How long the app leaves a session alone after an attempt that did not extend it.
	extendWait = 10 * time.Minute
	// How long the app does not call the admin API after it failed.
	extendPause = time.Minute
	// The most sessions for which the app remembers an attempt.
	maxAttempts = 1000
)

// extender holds the client for Ory's admin API, and when it may be called again.
type extender struct {
	admin       *ory.APIClient
	mu          sync.Mutex
	retryAt     map[string]time.Time
	pausedUntil time.Time
}

func newExtender(cfg sliding) *extender {
	headers := map[string]string{}
	if cfg.token != "" {
		headers["Authorization"] = "Bearer " + cfg.token
	}
	return &extender{admin: newOryClient(cfg.adminURL, adminTimeout, headers), retryAt: map[string]time.Time{}}
}

// extend keeps active users signed in. It extends a session that ends soon, and asks Ory for it again, so that this response
// carries Ory's new cookie. When the admin API fails, the session stays as it is.
// https://www.ory.com/docs/kratos/session-management/refresh-extend-sessions
func (a *app) extend(ctx context.Context, cookie string, checked verdict) verdict {
	session := checked.session
	if checked.outcome != active || !a.mayExtend(session) {
		return checked
	}
	// A browser that closes its connection is no failure of the admin API.
	_, response, err := a.extender.admin.IdentityAPI.ExtendSession(context.WithoutCancel(ctx), session.Id).Execute()
	status := 0
	if response != nil {
		status = response.StatusCode
	}
	switch status {
	// Ory responds with 404 when another request is extending the session.
	case http.StatusOK, http.StatusNoContent, http.StatusNotFound:
	default:
		a.pauseExtending(session.Id, status, err)
		return checked
	}
	extended := a.whoami(ctx, cookie, true)
	if extended.outcome == unavailable {
		return checked
	}
	if extended.outcome == active && extended.session.ExpiresAt.After(*session.ExpiresAt) {
		a.extender.mu.Lock()
		defer a.extender.mu.Unlock()
		delete(a.extender.retryAt, session.Id)
	}
	return extended
}

// mayExtend reports whether the session ends soon and the admin API may be called for it. Concurrent requests do not extend the
// session too.
func (a *app) mayExtend(session *ory.Session) bool {
	cfg, now := a.cfg.sliding, time.Now()
	if cfg.adminURL == "" || session.ExpiresAt.Sub(now) > cfg.extendBelow || now.Sub(session.GetIssuedAt()) >= cfg.maxAge {
		return false
	}
	e := a.extender
	e.mu.Lock()
	defer e.mu.Unlock()
	if now.Before(e.pausedUntil) || now.Before(e.retryAt[session.Id]) {
		return false
	}
	if len(e.retryAt) >= maxAttempts {
		clear(e.retryAt)
	}
	e.retryAt[session.Id] = now.Add(extendWait)
	return true
}

func (a *app) pauseExtending(sessionID string, status int, err error) {
	e := a.extender
	e.mu.Lock()
	defer e.mu.Unlock()
	if time.Now().After(e.pausedUntil) {
		a.log.Error("sessions are not extended for a minute", "adminUrl", a.cfg.sliding.adminURL, "status", status, "error", err)
	}
	e.pausedUntil = time.Now().Add(extendPause)
	delete(e.retryAt, sessionID)
}
