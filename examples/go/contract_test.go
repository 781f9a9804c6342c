package main

// The table of behaviours that this app shares with the web app and the Express example.

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

type expected struct {
	Status int
	// Code of the error, as JSON.
	Code string
	// The query of Ory's sign-in page. return_to is a path of this app.
	Login map[string]string
	// Whether clients are told when to try again.
	RetryAfter bool
	// Whether the body has the user's email address.
	Email bool
}

type contract struct {
	Sessions []struct {
		Name, Session, Path, Accept, Ory string
		Expect                           expected
	}
	Refresh []struct {
		Name, Session, Query, Purpose string
		Expect                        expected
	}
	ReturnTo []struct{ Value, Path string }
	Extend   []struct {
		Name, Left, Admin string
		TooOld            bool
		Expect            struct {
			Extensions int
			Renewed    bool
		}
	}
	Tokens []struct {
		// Only says which apps have this behaviour: "apis" for the two examples, "next" for the web app.
		Name, Only, Session string
		Token               tokenChanges
		// The Authorization headers. By default "Bearer {token}".
		Authorization []string
		Expect        expected
	}
}

const refreshPath = "/refresh-session"

var accepts = map[string]string{"html": page, "json": api, "any": "*/*"}

// faults of Ory, by their names in the table.
var faults = map[string]respondFunc{
	"404": reply(404, "application/json", `{"error":{"code":404}}`),
	"429": reply(429, "application/json", `{"error":{"code":429}}`),
	"500": reply(500, "application/json", `{"error":{"code":500}}`),
	"redirect": func(_ oryResponse, w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, os.Getenv("TEST_ORY_URL")+"/sessions/whoami", http.StatusFound)
	},
	"html":    reply(200, "text/html", "<h1>Maintenance</h1>"),
	"garbage": reply(200, "application/json", `{"active": tr`),
	"half": func(real oryResponse, w http.ResponseWriter, _ *http.Request) {
		replyPartly(w, real)
		panic(http.ErrAbortHandler)
	},
	"hang": func(_ oryResponse, _ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
}

// userIn returns a user whose session is in this state. Without a session, the user is empty.
func userIn(t *testing.T, state string) user {
	t.Helper()
	if state == "none" || state == "" {
		return user{}
	}
	u := newSignedInUser(t)
	switch state {
	case "active":
	case "unknown":
		u.cookie = "ory_kratos_session=MTcwMDAwMDAwMHxhYmNk"
	case "revoked":
		revoke(t, u)
	case "aal2_required":
		other := signIn(t, user{email: u.email, password: u.password}, oryURL(t)+"/self-service/login/browser")
		// The user adds the second factor on another device, so this session still has none.
		enrolSecondFactor(t, u)
		return other
	default:
		t.Fatalf("the table has the unknown session %q", state)
	}
	return u
}

func (s setup) check(t *testing.T, got result, want expected, email string) {
	t.Helper()
	wantStatus(t, got, want.Status)
	if want.Login != nil {
		query := url.Values{}
		for name, value := range want.Login {
			query.Set(name, value)
		}
		query.Set("return_to", testApp+want.Login["return_to"])
		s.wantLogin(t, got, query)
	} else if got.header.Get("Location") != "" {
		t.Errorf("redirected to %s", got.header.Get("Location"))
	}
	if want.Code != "" {
		wantError(t, got, want.Status, want.Code)
	}
	if (got.header.Get("Retry-After") != "") != want.RetryAfter {
		t.Errorf("Retry-After: %q", got.header.Get("Retry-After"))
	}
	if email == "" {
		email = "@"
	}
	if strings.Contains(got.body, email) != want.Email {
		t.Errorf("body: %s", got.body)
	}
	if got.status == http.StatusServiceUnavailable && len(got.header.Values("Set-Cookie")) > 0 {
		t.Errorf("the browser got %q", got.header.Values("Set-Cookie"))
	}
}

func TestContract(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../e2e/contract.json")
	if err != nil {
		t.Fatal(err)
	}
	var table contract
	decode(t, text, &table)
	cases, ran := 0, 0
	run := func(name string, body func(t *testing.T)) {
		ran++
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body(t)
		})
	}

	for _, c := range table.Sessions {
		run(c.Name, func(t *testing.T) {
			s, u := start(t), userIn(t, c.Session)
			if c.Ory == "stopped" {
				s.relay.Close()
			} else if fault, ok := faults[c.Ory]; ok {
				s.relay.replace(fault)
			} else if c.Ory != "" {
				t.Fatalf("the table has the unknown fault %q", c.Ory)
			}
			s.check(t, s.get(t, c.Path, accepts[c.Accept], u.cookie), c.Expect, u.email)
		})
	}
	for _, c := range table.Refresh {
		run(c.Name, func(t *testing.T) {
			s, u := start(t), userIn(t, c.Session)
			s.check(t, s.get(t, refreshPath+"?"+c.Query, page, u.cookie, "Sec-Purpose: "+c.Purpose), c.Expect, "")
		})
	}
	for _, c := range table.ReturnTo {
		run(fmt.Sprintf("return_to=%q leads to %s", c.Value, c.Path), func(t *testing.T) {
			s := start(t)
			value := strings.NewReplacer("{app}", testApp, "{refresh}", refreshPath).Replace(c.Value)
			got := s.get(t, refreshPath+"?return_to="+url.QueryEscape(value), page, "")
			s.check(t, got, expected{Status: http.StatusSeeOther, Login: map[string]string{"refresh": "true", "return_to": c.Path}}, "")
		})
	}
	for _, c := range table.Extend {
		run(c.Name, func(t *testing.T) {
			change := func(s *sliding) {
				if c.Left == "enough" {
					s.extendBelow = time.Minute
				}
				if c.TooOld {
					s.maxAge = time.Nanosecond
				}
			}
			e := startExtending(t, change, func(w http.ResponseWriter, r *http.Request) {
				switch c.Admin {
				case "":
					w.WriteHeader(http.StatusNoContent)
				case "hang":
					<-r.Context().Done()
				default:
					code, err := strconv.Atoi(c.Admin)
					if err != nil {
						t.Error(err)
					}
					w.WriteHeader(code)
				}
			})
			if c.Admin == "stopped" {
				e.admin.Close()
			}
			got := e.get(t, "/dashboard", page, e.user.cookie)
			e.check(t, got, expected{Status: http.StatusOK, Email: true}, e.user.email)
			if calls := e.calls(); len(calls) != c.Expect.Extensions {
				t.Errorf("the admin API got %q", calls)
			}
			var want []string
			if c.Expect.Renewed {
				want = []string{renewed}
			}
			if !slices.Equal(got.header.Values("Set-Cookie"), want) {
				t.Errorf("the browser got %q", got.header.Values("Set-Cookie"))
			}
		})
	}
	for _, c := range table.Tokens {
		if c.Only != "apis" {
			continue
		}
		cases++
		run(c.Name, func(t *testing.T) {
			s, email, cookie := start(t), strings.ToLower(rand.Text())+"@example.com", userIn(t, c.Session).cookie
			token := s.issuer.token(t, email, s.relay.URL, c.Token)
			if c.Authorization == nil {
				c.Authorization = []string{"Bearer {token}"}
			}
			var lines []string
			for _, value := range c.Authorization {
				lines = append(lines, "Authorization: "+strings.ReplaceAll(value, "{token}", token))
			}
			s.check(t, s.get(t, "/api/me", api, cookie, lines...), c.Expect, email)
			s.wantCalls(t, 0)
			if strings.Contains(s.log.String(), token) {
				t.Error("the token is in the log")
			}
		})
	}

	cases += len(table.Sessions) + len(table.Refresh) + len(table.ReturnTo) + len(table.Extend)
	if ran != cases || cases < 100 {
		t.Errorf("ran %d cases of %d", ran, cases)
	}
}
