package main

// The only code that decides where a browser may be redirected.

import (
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strings"
)

const (
	defaultPage = "/dashboard"
	// Short enough for every proxy's limit on a URL.
	maxLength = 2048
)

// Browsers drop control characters and read a backslash as a slash. No page here needs either.
var unwanted = regexp.MustCompile(`[\p{Cc}\p{Z}\\]`)

// returnTo returns the absolute URL of the page of this app that value names, or of the default page if value is not allowed. The
// value is a path or URL and may come from an attacker. The result is always on appURL, the origin of this app.
func returnTo(value, appURL string) string {
	defaultURL := appURL + defaultPage
	if strings.HasPrefix(value, "/") && !strings.HasPrefix(value, "//") {
		value = appURL + value
	}
	u, err := url.Parse(value)
	if err != nil || len(value) > maxLength || unwanted.MatchString(value) {
		return defaultURL
	}
	if u.Scheme+"://"+u.Host != appURL || u.User != nil || u.Opaque != "" {
		return defaultURL
	}
	// Browsers and http.ServeMux normalize paths differently, so only normalized paths are allowed.
	clean := path.Clean("/" + u.Path)
	if u.Path != "" && u.Path != clean && u.Path != clean+"/" {
		return defaultURL
	}
	// This path redirects to Ory, so returning to it would be a loop.
	if clean == "/refresh-session" {
		return defaultURL
	}
	return u.String()
}

// requestedPage is the page to return to: the requested page or, after a POST, the page that has the form.
func requestedPage(r *http.Request) string {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return r.RequestURI
	}
	return r.Referer()
}

// loginURL returns the URL of Ory's sign-in page, which then redirects to page if that is allowed.
// https://www.ory.com/docs/kratos/self-service/flows/user-login
func (c config) loginURL(page string, query url.Values) string {
	query.Set("return_to", returnTo(page, c.appURL))
	return c.oryURL + "/self-service/login/browser?" + query.Encode()
}
