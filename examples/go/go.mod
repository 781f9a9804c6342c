module example.com/ory-sessions

go 1.25.0

require (
	github.com/MicahParks/jwkset v0.11.4
	github.com/MicahParks/keyfunc/v3 v3.9.1
	github.com/golang-jwt/jwt/v5 v5.3.1
	github.com/ory/client-go v1.22.66
	github.com/rs/cors v1.11.1
	golang.org/x/time v0.15.0
)

require golang.org/x/oauth2 v0.36.0 // indirect
