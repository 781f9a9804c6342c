// Command ory-sessions protects routes with an Ory session. See README.md.
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

// How long open requests may take after a signal.
const shutdownTimeout = 10 * time.Second

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run listens until SIGINT or SIGTERM, then finishes open requests and returns.
func run() error {
	cfg, err := readConfig(os.Getenv)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewJSONHandler(os.Stdout, nil))
	if os.Getenv("ORY_SDK_URL") == "" {
		log.Warn("ORY_SDK_URL is not set. Using local Ory at " + cfg.oryURL)
	}

	// In development, other machines cannot connect.
	host := ""
	if u, err := url.Parse(cfg.appURL); err == nil && u.Hostname() == "localhost" {
		host = "localhost"
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(cfg.port)))
	if err != nil {
		return fmt.Errorf("cannot listen on port %d (%w). Set PORT to another port", cfg.port, err)
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
	// A second signal stops the process at once.
	stop()
	log.Info("stopping")
	limited, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	return server.Shutdown(limited)
}
