package main

import (
	"strings"
	"testing"
	"time"
)

func environment(values map[string]string) func(string) string {
	return func(name string) string { return values[name] }
}

func TestConfig(t *testing.T) {
	local := config{port: 3002, appURL: "http://localhost:3002", oryURL: "http://localhost:4000", webURL: "http://localhost:3000"}
	extending := local
	extending.sliding = sliding{"http://127.0.0.1:4434", "", 24 * time.Hour, 90 * 24 * time.Hour}
	moved := local
	moved.port, moved.appURL = 3902, "http://localhost:3902"
	for _, test := range []struct {
		name   string
		values map[string]string
		want   config
	}{
		{"uses local Ory by default", nil, local},
		{"uses PORT in the default origin", map[string]string{"PORT": "3902"}, moved},
		{"extends sessions with ORY_ADMIN_URL", map[string]string{"ORY_ADMIN_URL": "http://127.0.0.1:4434"}, extending},
		{"ignores the other settings without ORY_ADMIN_URL", map[string]string{"SESSION_EXTEND_BELOW": "1h", "ORY_PROJECT_API_TOKEN": "x"}, local},
		{"uses the values that are set", map[string]string{
			"PORT": "80", "APP_URL": "https://API.example.com:443/", "ORY_SDK_URL": "https://auth.example.com", "WEB_URL": "https://app.example.com",
			"ORY_SESSION_COOKIE": "my_session",
		}, config{port: 80, appURL: "https://api.example.com", oryURL: "https://auth.example.com", webURL: "https://app.example.com", sessionCookie: "my_session"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := readConfig(environment(test.values))
			if err != nil || got != test.want {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func TestConfigRejectsInvalidValuesAndNamesTheVariable(t *testing.T) {
	invalid := map[string][]string{
		"PORT":               {"abc", "-1", "+1", "65536", "3001.5", "1e3", " "},
		"ORY_SESSION_COOKIE": {"my session", "a=b", "a;b"},
	}
	for _, name := range []string{"APP_URL", "ORY_SDK_URL", "WEB_URL"} {
		invalid[name] = []string{"localhost:4000", "ftp://localhost", "http://localhost:4000/path", "http://localhost:4000?x=1", "http://localhost#", "http://localhost:x"}
	}
	for _, name := range []string{"SESSION_EXTEND_BELOW", "SESSION_MAX_AGE"} {
		invalid[name] = []string{"0s", "60", "1d", "-1h", "soon"}
	}
	for name, values := range invalid {
		for _, value := range values {
			_, err := readConfig(environment(map[string]string{"ORY_ADMIN_URL": "http://127.0.0.1:4434", name: value}))
			if err == nil || !strings.Contains(err.Error(), "- "+name+` is "`+value+`"`) || !strings.Contains(err.Error(), "for example") {
				t.Errorf("%s=%q: %v", name, value, err)
			}
		}
	}
}

func TestConfigRequiresAllOriginsIfOneIsRemote(t *testing.T) {
	for set, missing := range map[string]string{"APP_URL": "ORY_SDK_URL", "ORY_SDK_URL": "APP_URL"} {
		_, err := readConfig(environment(map[string]string{set: "https://auth.example.com"}))
		if err == nil || !strings.Contains(err.Error(), missing+" is not set") || !strings.Contains(err.Error(), "WEB_URL is not set") {
			t.Errorf("%s alone: %v", set, err)
		}
	}
}

func TestConfigErrorContainsNoPassword(t *testing.T) {
	for _, value := range []string{"https://user:secret@auth.example.com", "https://user:se%zzcret@auth.example.com"} {
		_, err := readConfig(environment(map[string]string{"ORY_SDK_URL": value, "APP_URL": "https://a.example.com"}))
		if err == nil || !strings.Contains(err.Error(), `ORY_SDK_URL is "…@auth.example.com"`) || strings.Contains(err.Error(), "cret") {
			t.Errorf("%v", err)
		}
	}
}
