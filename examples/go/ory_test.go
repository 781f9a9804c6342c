package main

// What the tests need of a real Ory: people with sessions, and a relay in front of it that counts and, when told to, lies.

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
)

func setting(t *testing.T, name string) string {
	t.Helper()
	value := os.Getenv(name)
	if value == "" {
		t.Fatalf("%s is not set. Run npm test at the project's root: it starts Ory for these tests.", name)
	}
	return value
}

func oryURL(t *testing.T) string {
	t.Helper()
	return setting(t, "TEST_ORY_URL")
}

// person is someone with an account and a session. cookie is what their browser sends to Ory and to every app beside it.
type person struct {
	email, password, cookie, sessionID string
}

// signedIn creates an account by the admin API and signs in to it.
func signedIn(t *testing.T) person {
	t.Helper()
	p := person{email: strings.ToLower(rand.Text()) + "@example.com", password: rand.Text() + " is long"}
	call(t, http.MethodPost, setting(t, "TEST_ORY_ADMIN_URL")+"/admin/identities", "", map[string]any{
		"schema_id":   "default",
		"traits":      map[string]string{"email": p.email},
		"credentials": map[string]any{"password": map[string]any{"config": map[string]string{"password": p.password}}},
	})
	return signIn(t, p, oryURL(t)+"/self-service/login/browser")
}

// signIn signs in by the login flow that url begins; where it is one to refresh, p's session.
func signIn(t *testing.T, p person, url string) person {
	t.Helper()
	post := begin(t, url, p.cookie)
	body, cookie := post(map[string]any{"method": "password", "identifier": p.email, "password": p.password})
	var done struct{ Session struct{ ID string } }
	decode(t, body, &done)
	return person{p.email, p.password, cookie, done.Session.ID}
}

// enrolSecondFactor gives someone backup codes: from then on a session by password alone is not enough.
func enrolSecondFactor(t *testing.T, p person) {
	t.Helper()
	post := begin(t, oryURL(t)+"/self-service/settings/browser", p.cookie)
	post(map[string]any{"method": "lookup_secret", "lookup_secret_regenerate": true})
	post(map[string]any{"method": "lookup_secret", "lookup_secret_confirm": true})
}

// revoke ends a session as an administrator does.
func revoke(t *testing.T, p person) {
	t.Helper()
	call(t, http.MethodDelete, setting(t, "TEST_ORY_ADMIN_URL")+"/admin/sessions/"+p.sessionID, "", nil)
}

// begin begins a self-service flow as a browser does. It returns what posts its form.
func begin(t *testing.T, url, cookie string) func(fields map[string]any) (body []byte, cookies string) {
	t.Helper()
	body, cookies := call(t, http.MethodGet, url, cookie, nil)
	var flow struct {
		UI struct {
			Action string
			Nodes  []struct {
				Attributes struct {
					Name  string
					Value any
				}
			}
		}
	}
	decode(t, body, &flow)
	return func(fields map[string]any) ([]byte, string) {
		t.Helper()
		for _, node := range flow.UI.Nodes {
			if node.Attributes.Name == "csrf_token" {
				fields["csrf_token"] = node.Attributes.Value
			}
		}
		return call(t, http.MethodPost, flow.UI.Action, strings.Trim(cookie+"; "+cookies, "; "), fields)
	}
}

// call returns the body of the answer and name=value of the cookies that it sets and does not take away.
func call(t *testing.T, method, url, cookie string, body any) ([]byte, string) {
	t.Helper()
	content := []byte{}
	if body != nil {
		var err error
		if content, err = json.Marshal(body); err != nil {
			t.Fatal(err)
		}
	}
	request, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("Content-Type", "application/json")
	if cookie != "" {
		request.Header.Set("Cookie", cookie)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode >= 300 {
		t.Fatalf("%s answered %d: %s", url, response.StatusCode, answer)
	}
	var pairs []string
	for _, cookie := range response.Cookies() {
		if cookie.MaxAge >= 0 {
			pairs = append(pairs, cookie.Name+"="+cookie.Value)
		}
	}
	return answer, strings.Join(pairs, "; ")
}

func decode(t *testing.T, body []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(body, into); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
}

// realAnswer is what Ory itself answered to a whoami.
type realAnswer struct {
	status int
	body   string
}

func (real realAnswer) pass(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(real.status)
	_, _ = io.WriteString(w, real.body)
}

type answerFunc func(real realAnswer, w http.ResponseWriter, r *http.Request)

// relay stands between the app and a real Ory, asks it everything, and passes its answers on unless told to say something else.
type relay struct {
	*httptest.Server
	mu      sync.Mutex
	answer  answerFunc
	cookies []string
}

func newRelay(t *testing.T) *relay {
	t.Helper()
	target := oryURL(t)
	r := &relay{answer: realAnswer.pass}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, incoming *http.Request) {
		r.mu.Lock()
		r.cookies = append(r.cookies, strings.Join(incoming.Header.Values("Cookie"), " AND "))
		answer := r.answer
		r.mu.Unlock()

		outgoing, err := http.NewRequestWithContext(incoming.Context(), http.MethodGet, target+incoming.URL.Path, nil)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		outgoing.Header.Set("Cookie", incoming.Header.Get("Cookie"))
		response, err := http.DefaultClient.Do(outgoing)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		answer(realAnswer{response.StatusCode, string(body)}, w, incoming)
	}))
	t.Cleanup(r.Close)
	return r
}

// say makes the relay answer in place of Ory.
func (r *relay) say(answer answerFunc) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}

// asked returns the Cookie header of each whoami so far.
func (r *relay) asked() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string{}, r.cookies...)
}
