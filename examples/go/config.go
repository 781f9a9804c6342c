package main

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// config is what the environment says, checked once, by readConfig.
type config struct {
	port int
	// This app's own origin, as browsers see it.
	appURL string
	// Origin of Ory, as browsers see it.
	oryURL string
	// The name of Ory's session cookie, if it was changed. Empty: Kratos' and Ory Network's own names.
	sessionCookie string
}

const localOry = "http://localhost:4000"

// readConfig reads PORT, APP_URL, ORY_SDK_URL and ORY_SESSION_COOKIE. APP_URL is this port on localhost and ORY_SDK_URL is local
// Ory by default; but beside an origin that is not on localhost, the other one must be set too: they would share no cookie.
//
// The error lists all problems at once: the variable, the value seen, and an example.
func readConfig(getenv func(string) string) (config, error) {
	var problems []string
	number := func(name string, standard, limit int) int {
		value := getenv(name)
		if value == "" {
			return standard
		}
		n, err := strconv.Atoi(value)
		if err == nil && n <= limit && digits.MatchString(value) {
			return n
		}
		problems = append(problems, fmt.Sprintf("\n  - %s is %q. Set it to a whole number from 0 to %d, for example %d", name, value, limit, standard))
		return standard
	}
	origin := func(name, standard, other, example string) string {
		value := getenv(name)
		if value == "" && !isElsewhere(getenv(other)) {
			return standard
		}
		origin, ok := parseOrigin(value)
		if !ok {
			seen := "not set"
			if value != "" {
				// Whatever stands before an @ may be a password.
				seen = fmt.Sprintf("%q, which is not an origin", credentials.ReplaceAllString(value, "…@"))
			}
			problems = append(problems, fmt.Sprintf("\n  - %s is %s. Set it to a scheme, a host and nothing behind it, for example %s", name, seen, example))
		}
		return origin
	}

	sessionCookie := getenv("ORY_SESSION_COOKIE")
	if sessionCookie != "" && !cookieName.MatchString(sessionCookie) {
		problems = append(problems, fmt.Sprintf("\n  - ORY_SESSION_COOKIE is %q, which is not the name of a cookie. Set it to Kratos' session.cookie.name, for example my_session", sessionCookie))
	}

	port := number("PORT", 3002, 65535)
	cfg := config{
		port:          port,
		appURL:        origin("APP_URL", fmt.Sprintf("http://localhost:%d", port), "ORY_SDK_URL", "https://api.example.com"),
		oryURL:        origin("ORY_SDK_URL", localOry, "APP_URL", localOry+" (local Ory, or the Ory tunnel) or https://auth.example.com"),
		sessionCookie: sessionCookie,
	}
	if len(problems) > 0 {
		return config{}, errors.New("the environment is not right:" + strings.Join(problems, ""))
	}
	return cfg, nil
}

var (
	digits      = regexp.MustCompile(`^\d{1,5}$`)
	credentials = regexp.MustCompile(`(?s)^.*@`)
	// https://www.rfc-editor.org/rfc/rfc6265#section-4.1.1
	cookieName = regexp.MustCompile("^[\\w!#$%&'*+.^`|~-]+$")
)

// parseOrigin is strict: a path, a query or credentials would be lost without a word.
func parseOrigin(value string) (string, bool) {
	u, err := url.Parse(value)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || strings.TrimSuffix(u.Path, "/") != "" || strings.ContainsAny(value, "?#@") {
		return "", false
	}
	// As browsers write it.
	standardPort := map[string]string{"http": ":80", "https": ":443"}[u.Scheme]
	return u.Scheme + "://" + strings.TrimSuffix(strings.ToLower(u.Host), standardPort), true
}

// isElsewhere says whether value is an origin, and not on localhost.
func isElsewhere(value string) bool {
	origin, ok := parseOrigin(value)
	u, err := url.Parse(origin)
	return ok && err == nil && u.Hostname() != "localhost"
}
