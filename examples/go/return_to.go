package main

// The only code that decides where a person may be sent.

import (
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strings"
)

const defaultPage = "/dashboard"

// Longer than any page here, and short enough for every proxy's limit on a URL that carries it.
const maxLength = 2048

// Browsers drop control characters and read a backslash as a slash: no page here needs either.
var unwanted = regexp.MustCompile(`[\p{Cc}\p{Z}\\]`)

// returnTo is the absolute URL of a page of this app that value names, else that of the default page. The value, a path or a URL,
// may come from anywhere; what is returned is always on appURL, this app's own origin.
func returnTo(value, appURL string) string {
	standard := appURL + defaultPage
	if strings.HasPrefix(value, "/") && !strings.HasPrefix(value, "//") {
		value = appURL + value
	}
	u, err := url.Parse(value)
	if err != nil || len(value) > maxLength || unwanted.MatchString(value) {
		return standard
	}
	if u.Scheme+"://"+u.Host != appURL || u.User != nil || u.Opaque != "" {
		return standard
	}
	// Browsers and http.ServeMux each tidy up a path in their own way: no page here needs that.
	clean := path.Clean("/" + u.Path)
	if u.Path != "" && u.Path != clean && u.Path != clean+"/" {
		return standard
	}
	// It sends people on by itself: coming back to it would be a loop.
	if clean == "/refresh-session" {
		return standard
	}
	return u.String()
}

// returnToPage is where to come back to after signing in: the page that was asked for or, when that was an action, the one it was
// sent from.
func returnToPage(r *http.Request, appURL string) string {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return returnTo(r.RequestURI, appURL)
	}
	return returnTo(r.Referer(), appURL)
}

// loginURL is Ory's login for a browser; query may hold what to ask for. https://www.ory.com/docs/kratos/self-service/flows/user-login
func loginURL(oryURL, returnTo string, query url.Values) string {
	query.Set("return_to", returnTo)
	return oryURL + "/self-service/login/browser?" + query.Encode()
}
