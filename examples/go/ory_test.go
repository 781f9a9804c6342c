package main

// Helpers for tests against a real Ory: users with sessions, tokens, and a proxy that records requests and simulates outages.

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"
)

func setting(t *testing.T, name string) string {
	t.Helper()
	value := os.Getenv(name)
	if value == "" {
		t.Fatalf("%s is not set. Run npm test in the project's root, which starts Ory for these tests.", name)
	}
	return value
}

func oryURL(t *testing.T) string {
	t.Helper()
	return setting(t, "TEST_ORY_URL")
}

// user is a user with an account and a session. cookie is the Cookie header that the user's browser sends.
type user struct {
	email, password, cookie, sessionID string
}

// newSignedInUser creates an account with the admin API and signs in.
func newSignedInUser(t *testing.T) user {
	t.Helper()
	u := user{email: strings.ToLower(rand.Text()) + "@example.com", password: rand.Text() + " is long"}
	// TEST_TRAITS has the traits besides the email address that Ory's identity schema requires.
	traits := map[string]any{}
	if required := os.Getenv("TEST_TRAITS"); required != "" {
		decode(t, []byte(required), &traits)
	}
	traits["email"] = u.email
	call(t, http.MethodPost, setting(t, "TEST_ORY_ADMIN_URL")+"/admin/identities", "", map[string]any{
		"schema_id":   "default",
		"traits":      traits,
		"credentials": map[string]any{"password": map[string]any{"config": map[string]string{"password": u.password}}},
	})
	return signIn(t, u, oryURL(t)+"/self-service/login/browser")
}

// signIn signs in with the login flow that url starts. If the user has a session, the flow refreshes it.
func signIn(t *testing.T, u user, url string) user {
	t.Helper()
	post := startFlow(t, url, u.cookie)
	body, cookie := post(map[string]any{"method": "password", "identifier": u.email, "password": u.password})
	var done struct{ Session struct{ ID string } }
	decode(t, body, &done)
	return user{u.email, u.password, cookie, done.Session.ID}
}

// enrolSecondFactor adds backup codes to an account. Ory then requires a second factor.
func enrolSecondFactor(t *testing.T, u user) {
	t.Helper()
	post := startFlow(t, oryURL(t)+"/self-service/settings/browser", u.cookie)
	post(map[string]any{"method": "lookup_secret", "lookup_secret_regenerate": true})
	post(map[string]any{"method": "lookup_secret", "lookup_secret_confirm": true})
}

// revoke revokes a session with the admin API.
func revoke(t *testing.T, u user) {
	t.Helper()
	call(t, http.MethodDelete, setting(t, "TEST_ORY_ADMIN_URL")+"/admin/sessions/"+u.sessionID, "", nil)
}

// startFlow starts a self-service flow as a browser does. It returns a function that submits its form.
func startFlow(t *testing.T, url, cookie string) func(fields map[string]any) (body []byte, cookies string) {
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

// oneCall lets one test write to Ory at a time. With SQLite, Kratos can fail when two clients write at once.
var oneCall sync.Mutex

// call returns the body of the response, and name=value of each cookie that it sets. Deleted cookies are left out.
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
	oneCall.Lock()
	defer oneCall.Unlock()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	responseBody, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode >= 300 {
		t.Fatalf("%s responded with %d: %s", url, response.StatusCode, responseBody)
	}
	var pairs []string
	for _, cookie := range response.Cookies() {
		if cookie.MaxAge >= 0 {
			pairs = append(pairs, cookie.Name+"="+cookie.Value)
		}
	}
	return responseBody, strings.Join(pairs, "; ")
}

func decode(t *testing.T, body []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(body, into); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
}

// oryResponse is Ory's response to a whoami request.
type oryResponse struct {
	status int
	body   string
}

func (real oryResponse) pass(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(real.status)
	_, _ = io.WriteString(w, real.body)
}

// respondFunc responds to the app in place of Ory. real is Ory's own response.
type respondFunc func(real oryResponse, w http.ResponseWriter, r *http.Request)

// relay is a proxy between the app and a real Ory. It records each request, and can replace the response.
type relay struct {
	*httptest.Server
	mu      sync.Mutex
	respond respondFunc
	cookies []string
}

func newRelay(t *testing.T) *relay {
	t.Helper()
	target := oryURL(t)
	r := &relay{respond: oryResponse.pass}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, incoming *http.Request) {
		r.mu.Lock()
		r.cookies = append(r.cookies, strings.Join(incoming.Header.Values("Cookie"), " AND "))
		respond := r.respond
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
		respond(oryResponse{response.StatusCode, string(body)}, w, incoming)
	}))
	t.Cleanup(r.Close)
	return r
}

// replace sets the function that responds in place of Ory.
func (r *relay) replace(respond respondFunc) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.respond = respond
}

// calls returns the Cookie header of each whoami request.
func (r *relay) calls() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string{}, r.cookies...)
}

// tokenChanges is what a test changes about a valid token.
type tokenChanges struct {
	// Values of claims. nil removes a claim. For exp and nbf, "+60" means 60 seconds from now.
	Claims map[string]*string
	// The key id, or JSON's null for none.
	Kid json.RawMessage
	// Who signs it. "other": a key that is not published, under the id of the one that is.
	Key string
}

// issuer stands in for the web app, which serves the public keys, and makes tokens as Ory does.
type issuer struct {
	*httptest.Server
	mu sync.Mutex
	// The newest key is the first.
	keys    []issuerKey
	fetches int
	respond http.HandlerFunc
}

type issuerKey struct {
	id      string
	private *ecdsa.PrivateKey
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	i := &issuer{}
	i.rotate(t, 0)
	i.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i.mu.Lock()
		i.fetches++
		respond := i.respond
		i.mu.Unlock()
		switch {
		case r.URL.Path != "/.well-known/jwks.json":
			t.Errorf("the keys were fetched from %s", r.URL)
		case respond != nil:
			respond(w, r)
		default:
			i.serve(w)
		}
	}))
	// Go's HTTP client sends a GET again if the server closes a connection that was used before. Without reuse, each fetch counts once.
	i.Config.SetKeepAlivesEnabled(false)
	t.Cleanup(i.Close)
	return i
}

func (i *issuer) serve(w http.ResponseWriter) {
	i.mu.Lock()
	defer i.mu.Unlock()
	var set jwkset.JWKSMarshal
	for _, key := range i.keys {
		metadata := jwkset.JWKMetadataOptions{ALG: jwkset.AlgES256, KID: key.id, USE: jwkset.UseSig}
		jwk, err := jwkset.NewJWKFromKey(key.private.Public(), jwkset.JWKOptions{Metadata: metadata})
		if err != nil {
			panic(err)
		}
		set.Keys = append(set.Keys, jwk.Marshal())
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(set)
}

// replace sets the function that responds in place of the web app. nil restores the web app.
func (i *issuer) replace(respond http.HandlerFunc) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.respond = respond
}

func (i *issuer) count() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.fetches
}

// rotate adds a key, which signs from now on. The newest of the older ones are still published, as many as keep.
func (i *issuer) rotate(t *testing.T, keep int) {
	t.Helper()
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keys = append([]issuerKey{{rand.Text(), newKey(t)}}, i.keys[:keep]...)
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

var relativeTime = regexp.MustCompile(`^[+-]\d+$`)

// token makes a token of this email address.
func (i *issuer) token(t *testing.T, email, oryURL string, changes tokenChanges) string {
	t.Helper()
	i.mu.Lock()
	key := i.keys[0]
	i.mu.Unlock()
	now := time.Now().Unix()
	claims := jwt.MapClaims{
		"iss": oryURL + "/", "aud": "api", "sub": rand.Text(), "sid": rand.Text(), "jti": rand.Text(),
		"iat": now, "nbf": now, "exp": now + 300, "aal": "aal1", "email_verified": true, "email": email,
	}
	for name, value := range changes.Claims {
		switch {
		case value == nil:
			delete(claims, name)
		case relativeTime.MatchString(*value):
			seconds, err := strconv.ParseInt(*value, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			claims[name] = now + seconds
		default:
			claims[name] = *value
		}
	}
	var signer any = key.private
	method := jwt.SigningMethod(jwt.SigningMethodES256)
	switch changes.Key {
	case "none":
		method, signer = jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType
	case "other":
		signer = newKey(t)
	case "public key":
		der, err := x509.MarshalPKIXPublicKey(key.private.Public())
		if err != nil {
			t.Fatal(err)
		}
		method, signer = jwt.SigningMethodHS256, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	case "", "changed payload":
	default:
		t.Fatalf("the table has the unknown key %q", changes.Key)
	}
	token := jwt.NewWithClaims(method, claims)
	token.Header["kid"] = key.id
	if string(changes.Kid) == "null" {
		delete(token.Header, "kid")
	} else if changes.Kid != nil {
		token.Header["kid"] = changes.Kid
	}
	signed, err := token.SignedString(signer)
	if err != nil {
		t.Fatal(err)
	}
	if changes.Key != "changed payload" {
		return signed
	}
	claims["role"] = "admin"
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(signed, ".")
	parts[1] = base64.RawURLEncoding.EncodeToString(payload)
	return strings.Join(parts, ".")
}
