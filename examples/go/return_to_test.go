package main

import (
	"net/url"
	"strings"
	"testing"
)

const testApp = "http://localhost:3002"

func TestReturnToAcceptsPagesOfThisApp(t *testing.T) {
	for _, page := range []string{"/", "/dashboard", "/dashboard?tab=a%20b&tab=c#end", "/a/b/", "/caf%C3%A9?q=//x", "/?next=https://evil.example/"} {
		for _, value := range []string{page, testApp + page} {
			if got := returnTo(value, testApp); got != testApp+page {
				t.Errorf("%q became %q", value, got)
			}
		}
	}
}

func TestReturnToRejectsEverythingElse(t *testing.T) {
	hostile := []string{
		"", " ",
		"https://evil.example/", "//evil.example", "///evil.example", "////evil.example", `/\evil.example`, `\\evil.example`, `\/evil.example`,
		"/\t/evil.example", "/\n/evil.example", "\t//evil.example", " //evil.example", "/dash\x00board", "/a\r\nSet-Cookie: a=b", "/\u2028/evil.example",
		"http://localhost:3002@evil.example/", "http://evil.example#@localhost:3002/", `http://evil.example\@localhost:3002/`,
		"http://user:password@localhost:3002/", "http://localhost:3002.evil.example/", "http://localhost:30021/", "http://localhost/",
		"https://localhost:3002/", "http://localhost:3000/dashboard", "http://127.0.0.1:3002/", "http:evil.example", "http:/evil.example", "http:///evil.example",
		"javascript:alert(1)", "data:text/html,hi", "ftp://localhost:3002/", "blob:http://localhost:3002/x", "evil.example", "dashboard", "@evil.example", ".evil.example", ":80",
		"//localhost:3002@evil.example", "http://localhost:3002//evil.example", "/.//evil.example", "/a/..//evil.example", "/dashboard//x",
		"/%2Fevil.example", "/%zz", "http://[::1/", "http://localhost:99999/", "/" + strings.Repeat("a", 2100),
		"/refresh-session", "/refresh-session/", "/refresh%2Dsession", "/refresh-session?return_to=/refresh-session", "/x/../refresh-session", "/%2e%2e/refresh-session", testApp + "/refresh-session#x",
	}
	for _, value := range hostile {
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
