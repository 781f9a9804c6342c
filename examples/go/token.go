package main

// Bearer tokens: JWTs that Ory makes of a session. They are verified here, without a call to Ory.

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/time/rate"
)

const (
	// Another algorithm, such as none or HS256 with the public key as its secret, would let anyone sign.
	tokenAlgorithm = "ES256"
	// aud of the tokens for this API.
	tokenAudience = "api"
	// How much the clocks of Ory and this server may differ. Expired tokens stay valid for that long.
	clockTolerance = 10 * time.Second
	// How long the web app may take to send its keys.
	keysTimeout = 3 * time.Second
	// How long no keys are fetched for an unknown key id after a fetch. Such tokens could cause a flood of requests.
	keysCooldown = 10 * time.Second
	// How often the keys are fetched again. A removed key stays valid for that long.
	keysRefresh = 5 * time.Minute
)

// tokenClaims is what a token says about its user and session. The values are as old as the token. Subject is the id of the identity.
type tokenClaims struct {
	jwt.RegisteredClaims
	SessionID     string `json:"sid"`
	Email         string `json:"email"`
	EmailVerified *bool  `json:"email_verified"`
	AAL           string `json:"aal"`
	Role          string `json:"role"`
}

// tokenErrors holds the responses to refused tokens. Clients may rely on each code.
var tokenErrors = map[string]struct {
	status  int
	message string
}{
	"token_expired": {http.StatusUnauthorized, "The token has expired. Get a new one."},
	"token_invalid": {http.StatusUnauthorized, "The token is not valid for this API."},
	// The key is not known, and the keys could not be fetched.
	"unavailable": {http.StatusServiceUnavailable, "The token could not be checked. Try again."},
}

type claimsKey struct{}

// getClaims returns the claims of a request that passed tokenMiddleware. It returns an error on a route that tokenMiddleware does
// not protect.
func getClaims(ctx context.Context) (*tokenClaims, error) {
	claims, ok := ctx.Value(claimsKey{}).(*tokenClaims)
	if !ok {
		return nil, errors.New("the context has no claims: add tokenMiddleware to this route")
	}
	return claims, nil
}

// tokenMiddleware adds the claims of the token to the request's context, or refuses the request with 401, or with 503 while the keys
// are unavailable.
//
// It needs no check of Origin: a browser sends cookies by itself, but never this header, so another site cannot use a user's token.
func (a *app) tokenMiddleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "private, no-store")
		claims, err := a.verify(r.Context(), r.Header.Values("Authorization"))
		if err == nil {
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), claimsKey{}, claims)))
			return
		}
		code := "token_invalid"
		switch {
		case errors.Is(err, errKeysUnavailable):
			code = "unavailable"
		case errors.Is(err, jwt.ErrTokenExpired) && !errors.Is(err, jwt.ErrTokenInvalidAudience):
			code = "token_expired"
		}
		a.log.Info("refused", "code", code, "reason", err.Error(), "method", r.Method, "path", r.URL.Path)
		refusal := tokenErrors[code]
		if refusal.status == http.StatusServiceUnavailable {
			w.Header().Set("Retry-After", strconv.Itoa(int(keysCooldown.Seconds())))
		} else {
			// https://www.rfc-editor.org/rfc/rfc6750#section-3
			w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		}
		a.writeJSON(w, refusal.status, map[string]any{"error": map[string]string{"code": code, "message": refusal.message}})
	})
}

var bearer = regexp.MustCompile(`(?i)^Bearer +([\w.-]+)$`)

// verify verifies the values of the Authorization headers. Its errors contain no secret.
func (a *app) verify(ctx context.Context, headers []string) (*tokenClaims, error) {
	// Two servers could read two headers differently.
	if len(headers) != 1 || !bearer.MatchString(headers[0]) {
		return nil, errors.New("not one Bearer token")
	}
	var claims tokenClaims
	find := func(token *jwt.Token) (any, error) {
		// Kratos writes its base URL with a slash at the end.
		if strings.TrimSuffix(claims.Issuer, "/") != a.cfg.oryURL {
			return nil, jwt.ErrTokenInvalidIssuer
		}
		return a.keys.find(ctx, token)
	}
	_, err := jwt.ParseWithClaims(bearer.FindStringSubmatch(headers[0])[1], &claims, find,
		jwt.WithValidMethods([]string{tokenAlgorithm}),
		jwt.WithAudience(tokenAudience),
		jwt.WithExpirationRequired(),
		jwt.WithLeeway(clockTolerance),
	)
	if err != nil {
		return nil, err
	}
	if claims.Subject == "" || claims.SessionID == "" || claims.EmailVerified == nil || claims.AAL == "" {
		return nil, jwt.ErrTokenRequiredClaimMissing
	}
	return &claims, nil
}

var errKeysUnavailable = errors.New("the keys of tokens could not be fetched")

// tokenKeys finds the key of a token. The keys are fetched for the first token, then every five minutes, and for an unknown key id,
// so that new keys are known at once. While the web app cannot be reached, the last keys stay in use.
//
// golang-jwt is Go's most used JWT library, and keyfunc is its library for key sets.
type tokenKeys struct {
	url               string
	cooldown, refresh time.Duration
	log               *slog.Logger
	start             sync.Once
	// The keys that were fetched last.
	fetched fetchedKeys
	// Looks a key up without a request, and with one for an unknown key id.
	known, remote keyfunc.Keyfunc
	limit         *rate.Limiter
	// One request at a time may fetch. The others wait for it, because it may find their keys too.
	mu sync.Mutex
}

// fetchedKeys remembers whether the last fetch succeeded.
type fetchedKeys struct {
	*jwkset.MemoryJWKSet
	ok atomic.Bool
}

// KeyReplaceAll is what the library calls after each successful fetch.
func (f *fetchedKeys) KeyReplaceAll(ctx context.Context, keys []jwkset.JWK) error {
	f.ok.Store(true)
	return f.MemoryJWKSet.KeyReplaceAll(ctx, keys)
}

func newTokenKeys(webURL string, cooldown, refresh time.Duration, log *slog.Logger) *tokenKeys {
	return &tokenKeys{url: webURL + "/.well-known/jwks.json", cooldown: cooldown, refresh: refresh, log: log}
}

// find returns the public key of a token. Its errors wrap errKeysUnavailable if the key may exist.
func (k *tokenKeys) find(ctx context.Context, token *jwt.Token) (any, error) {
	k.start.Do(k.load)
	if _, ok := token.Header["kid"].(string); !ok {
		return nil, errors.New("the token has no key id")
	}
	if key, err := k.known.KeyfuncCtx(ctx)(token); !errors.Is(err, jwkset.ErrKeyNotFound) {
		return key, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	find := k.known
	if k.limit.Tokens() >= 1 {
		find = k.remote
	}
	// The fetch must not end with this request, because others wait for it.
	key, err := find.KeyfuncCtx(context.WithoutCancel(ctx))(token)
	if err != nil && !k.fetched.ok.Load() {
		return nil, errKeysUnavailable
	}
	return key, err
}

// load fetches the keys for the first time, and starts to fetch them again and again.
func (k *tokenKeys) load() {
	k.fetched.MemoryJWKSet = jwkset.NewMemoryStorage()
	k.limit = rate.NewLimiter(rate.Every(k.cooldown), 1)
	// This fetch counts too.
	k.limit.Allow()
	storage, err := jwkset.NewStorageFromHTTP(k.url, jwkset.HTTPClientStorageOptions{
		Client: &http.Client{
			// The response of another server is not the web app's.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		HTTPTimeout:               keysTimeout,
		NoErrorReturnFirstHTTPReq: true,
		RefreshInterval:           k.refresh,
		RefreshErrorHandler: func(_ context.Context, err error) {
			k.fetched.ok.Store(false)
			k.log.Error("the keys could not be fetched", "url", k.url, "error", err)
		},
		Storage: &k.fetched,
	})
	var client jwkset.Storage
	if err == nil {
		client, err = jwkset.NewHTTPClient(jwkset.HTTPClientOptions{
			HTTPURLs:          map[string]jwkset.Storage{k.url: storage},
			RateLimitWaitMax:  keysTimeout,
			RefreshUnknownKID: k.limit,
		})
	}
	if err == nil {
		k.known, err = keyfunc.New(keyfunc.Options{Storage: &k.fetched})
	}
	if err == nil {
		k.remote, err = keyfunc.New(keyfunc.Options{Storage: client})
	}
	if err != nil {
		// Only a URL that readConfig rejects leads here.
		panic(err)
	}
}
