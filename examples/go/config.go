package main

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// config holds the settings of this app, as readConfig reads them from the environment.
type config struct {
	port int
	// Origin of this app, as browsers see it.
	appURL string
	// Origin of Ory, as browsers see it.
	oryURL string
	// Origin of the web app. Its pages may call this API, and it has the keys of tokens.
	webURL string
	// Name of Ory's session cookie, if it was changed in Kratos.
	sessionCookie string
	sliding       sliding
}

// sliding says how active users stay signed in.
type sliding struct {
	// Origin of Ory's admin API. Empty: every session ends after its lifespan.
	adminURL string
	// A project API token, which Ory Network requires.
	token string
	// A session with less than this left is extended.
	extendBelow time.Duration
	// A session that is older than this is not extended.
	maxAge time.Duration
}

// readConfig reads the environment: see README.md. The three origins default to localhost. If APP_URL or ORY_SDK_URL is elsewhere, the
// others are required.
//
// The error lists all problems at once. Each names the variable, the value and an example.
func readConfig(getenv func(string) string) (config, error) {
	var problems []string
	problem := func(format string, values ...any) {
		problems = append(problems, "\n  - "+fmt.Sprintf(format, values...))
	}

	cfg := config{port: 3002, sessionCookie: getenv("ORY_SESSION_COOKIE")}
	if value := getenv("PORT"); value != "" {
		port, err := strconv.ParseUint(value, 10, 16)
		if err != nil {
			problem("PORT is %q. Set it to a whole number from 0 to 65535, for example 3002", value)
		} else {
			cfg.port = int(port)
		}
	}
	if cfg.sessionCookie != "" && !cookieName.MatchString(cfg.sessionCookie) {
		problem("ORY_SESSION_COOKIE is %q, which is not a valid cookie name. Set it to Kratos' session.cookie.name, for example my_session", cfg.sessionCookie)
	}

	remote := isRemote(getenv("APP_URL")) || isRemote(getenv("ORY_SDK_URL"))
	origin := func(name, local, example string) string {
		value := getenv(name)
		if value == "" && !remote {
			return local
		}
		origin, ok := parseOrigin(value)
		if value == "" {
			problem("%s is not set. Set it to a scheme and a host, without a path, for example %s", name, example)
		} else if !ok {
			// The text before an @ may be a password.
			seen := credentials.ReplaceAllString(value, "…@")
			problem("%s is %q, which is not an origin. Set it to a scheme and a host, without a path, for example %s", name, seen, example)
		}
		return origin
	}
	cfg.appURL = origin("APP_URL", fmt.Sprintf("http://localhost:%d", cfg.port), "https://api.example.com")
	cfg.oryURL = origin("ORY_SDK_URL", "http://localhost:4000", "http://localhost:4000 or https://auth.example.com")
	cfg.webURL = origin("WEB_URL", "http://localhost:3000", "https://app.example.com")

	duration := func(name, standard string) time.Duration {
		value := getenv(name)
		if value == "" {
			value = standard
		}
		parsed, err := time.ParseDuration(value)
		if err != nil || parsed <= 0 {
			problem("%s is %q. Set it to a duration above zero, for example %s", name, value, standard)
		}
		return parsed
	}
	if getenv("ORY_ADMIN_URL") != "" {
		cfg.sliding = sliding{
			adminURL:    origin("ORY_ADMIN_URL", "", "http://127.0.0.1:4434"),
			token:       getenv("ORY_PROJECT_API_TOKEN"),
			extendBelow: duration("SESSION_EXTEND_BELOW", "24h"),
			maxAge:      duration("SESSION_MAX_AGE", "2160h"),
		}
	}

	if len(problems) > 0 {
		return config{}, errors.New("the environment is invalid:" + strings.Join(problems, ""))
	}
	return cfg, nil
}

var (
	credentials = regexp.MustCompile(`(?s)^.*@`)
	// https://www.rfc-editor.org/rfc/rfc6265#section-4.1.1
	cookieName = regexp.MustCompile("^[\\w!#$%&'*+.^`|~-]+$")
)

// parseOrigin rejects a path, a query and credentials, because this app would ignore them.
func parseOrigin(value string) (string, bool) {
	u, err := url.Parse(value)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || strings.TrimSuffix(u.Path, "/") != "" || strings.ContainsAny(value, "?#@") {
		return "", false
	}
	// Browsers write the host in lower case and leave out the default port.
	defaultPort := map[string]string{"http": ":80", "https": ":443"}[u.Scheme]
	return u.Scheme + "://" + strings.TrimSuffix(strings.ToLower(u.Host), defaultPort), true
}

// isRemote reports whether value is an origin that is not on localhost.
func isRemote(value string) bool {
	origin, ok := parseOrigin(value)
	u, err := url.Parse(origin)
	return ok && err == nil && u.Hostname() != "localhost"
}
