package main

import (
	"net/url"
	"strings"
	"testing"
)

const testApp = "http://localhost:3002"

// e2e/contract.json has the values that the Next.js app and the examples treat alike.

func TestReturnToRejectsWhatIsOnlyForbiddenHere(t *testing.T) {
	for _, value := range []string{
		"", ".evil.example", ":80", "/" + strings.Repeat("a", 2100), "/a/b/../c",
		"https://localhost:3002/", "http://localhost:3000/dashboard", "//localhost:3002@evil.example",
		"/refresh-session/", "/refresh%2Dsession",
	} {
		if got := returnTo(value, testApp); got != testApp+"/dashboard" {
			t.Errorf("%q became %q", value, got)
		}
	}
}

func TestLoginURLNamesThePageToReturnTo(t *testing.T) {
	back := testApp + "/dashboard?tab=1&x=%C3%BC"
	cfg := config{appURL: testApp, oryURL: "http://localhost:4000"}
	login, err := url.Parse(cfg.loginURL(back, url.Values{"aal": {"aal2"}}))
	if err != nil {
		t.Fatal(err)
	}
	if login.Host != "localhost:4000" || login.Path != "/self-service/login/browser" || login.Query().Get("return_to") != back || login.Query().Get("aal") != "aal2" {
		t.Errorf("got %s", login)
	}
}
