// Command ory-sessions is Ory's session guide in Go: see README.md.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

// How long requests under way may take when the process is told to stop.
const stopLimit = 10 * time.Second

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run listens until SIGINT or SIGTERM, then answers what is under way and returns.
func run() error {
	cfg, err := readConfig(os.Getenv)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewJSONHandler(os.Stdout, nil))
	if os.Getenv("ORY_SDK_URL") == "" {
		log.Warn("ORY_SDK_URL is not set, so Ory is local Ory at " + cfg.oryURL)
	}

	// On a laptop only for the laptop itself.
	host := ""
	if u, err := url.Parse(cfg.appURL); err == nil && u.Hostname() == "localhost" {
		host = "localhost"
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(cfg.port)))
	if err != nil {
		return fmt.Errorf("port %d cannot be listened on (%w). Choose another with PORT", cfg.port, err)
	}
	server := &http.Server{
		Handler:           newApp(cfg, log).handler(),
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelError),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      15 * time.Second,
		IdleTimeout:       time.Minute,
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	log.Info("listening", "port", cfg.port, "appUrl", cfg.appURL, "oryUrl", cfg.oryURL)

	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	// A second signal ends the process at once.
	stop()
	log.Info("stopping")
	limited, cancel := context.WithTimeout(context.Background(), stopLimit)
	defer cancel()
	return server.Shutdown(limited)
}
