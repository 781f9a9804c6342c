// Replaces `ory tunnel`, which cannot use a local Kratos. It runs Ory's proxy library with the options of the Ory CLI, in front of a
// Kratos that is configured like a project of Ory Network.
//
//	tunnel <port> <host of the project> <address of Kratos>
package main

import (
	"context"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"os"
	"time"

	"github.com/ory/x/corsx"
	"github.com/ory/x/proxy"
	"github.com/rs/cors"
)

func main() {
	if len(os.Args) != 4 {
		log.Fatal("usage: tunnel <port> <host of the project> <address of Kratos>")
	}
	port, project, kratos := os.Args[1], os.Args[2], os.Args[3]
	server := &http.Server{
		Addr:              net.JoinHostPort("localhost", port),
		Handler:           tunnel("http://localhost:"+port, project, kratos),
		ReadHeaderTimeout: 10 * time.Second,
	}
	fmt.Println("Listening on", server.Addr)
	log.Fatal(server.ListenAndServe())
}

// tunnel configures the library as the CLI (1.1.0) does with no flag but the project. The only difference is the transport, which
// connects to Kratos without TLS.
func tunnel(publicURL, project, kratos string) http.Handler {
	handler := proxy.New(
		func(ctx context.Context, _ *http.Request) (context.Context, *proxy.HostConfig, error) {
			return ctx, &proxy.HostConfig{UpstreamHost: project, UpstreamScheme: "https", TargetHost: project}, nil
		},
		proxy.WithReqMiddleware(func(r *httputil.ProxyRequest, _ *proxy.HostConfig, body []byte) ([]byte, error) {
			r.Out.Host = project
			r.Out.Header.Set("Ory-No-Custom-Domain-Redirect", "true")
			r.Out.Header.Set("Ory-Base-URL-Rewrite", publicURL)
			return body, nil
		}),
		proxy.WithRespMiddleware(func(response *http.Response, _ *proxy.HostConfig, body []byte) ([]byte, error) {
			response.Header.Del("Access-Control-Allow-Origin")
			response.Header.Del("Access-Control-Allow-Credentials")
			return body, nil
		}),
		proxy.WithTransport(&plain{address: kratos}),
	)
	return cors.New(cors.Options{
		AllowOriginRequestFunc: func(*http.Request, string) bool { return true },
		AllowedMethods:         append([]string{http.MethodHead}, corsx.CORSDefaultAllowedMethods...),
		AllowedHeaders:         append(corsx.CORSRequestHeadersSafelist, corsx.CORSRequestHeadersExtended...),
		ExposedHeaders:         corsx.CORSResponseHeadersSafelist,
		AllowCredentials:       true,
	}).Handler(handler)
}

// plain sends the project's requests to Kratos, with the project's name in the Host header.
type plain struct {
	address   string
	transport http.Transport
}

func (p *plain) RoundTrip(request *http.Request) (*http.Response, error) {
	out := request.Clone(request.Context())
	out.URL.Scheme, out.URL.Host = "http", p.address
	return p.transport.RoundTrip(out)
}
