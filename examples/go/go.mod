module example.com/ory-sessions

go 1.25.0

require (
	github.com/jellydator/ttlcache/v3 v3.4.1
	github.com/ory/client-go v1.22.66
	golang.org/x/sync v0.16.0
)

require golang.org/x/oauth2 v0.36.0 // indirect
