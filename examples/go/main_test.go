package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The tests below start this test binary again as the example.
func TestMain(m *testing.M) {
	if os.Getenv("RUN_EXAMPLE") == "1" {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// command returns the example as a process that is not started yet.
func command(t *testing.T, env ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	example := exec.CommandContext(t.Context(), self)
	example.Env = append(env, "RUN_EXAMPLE=1")
	return example
}

func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

func TestFinishesOpenRequestsAfterSIGTERM(t *testing.T) {
	t.Parallel()
	relay, user, port := newRelay(t), newSignedInUser(t), freePort(t)
	called := make(chan struct{})
	relay.replace(func(real oryResponse, w http.ResponseWriter, r *http.Request) {
		close(called)
		time.Sleep(time.Second)
		real.pass(w, r)
	})
	example := command(t, fmt.Sprintf("PORT=%d", port), "ORY_SDK_URL="+strings.Replace(relay.URL, "127.0.0.1", "localhost", 1))
	output, err := example.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := example.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(output)
	for lines.Scan() && !strings.Contains(lines.Text(), `"listening"`) {
	}

	slow := make(chan string, 1)
	go func() {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, fmt.Sprintf("http://localhost:%d/", port), nil)
		if err != nil {
			slow <- err.Error()
			return
		}
		request.Header.Set("Cookie", user.cookie)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			slow <- err.Error()
			return
		}
		defer response.Body.Close()
		body, _ := io.ReadAll(response.Body)
		slow <- string(body)
	}()
	select {
	case <-called:
	case got := <-slow:
		t.Fatalf("the app did not call Ory, but responded with %s", got)
	}
	if err := example.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if got := <-slow; !strings.Contains(got, user.email) {
		t.Errorf("the open request got %s", got)
	}
	for lines.Scan() {
	}
	if err := example.Wait(); err != nil {
		t.Errorf("the process exited with %v", err)
	}
}

func TestDoesNotStartWithAnInvalidVariable(t *testing.T) {
	t.Parallel()
	output, err := command(t, "PORT=abc", "ORY_SDK_URL=localhost").CombinedOutput()
	if err == nil || !strings.Contains(string(output), `PORT is "abc"`) || !strings.Contains(string(output), `ORY_SDK_URL is "localhost"`) {
		t.Errorf("%v: %s", err, output)
	}
}

func TestErrorNamesThePortInUse(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	port := listener.Addr().(*net.TCPAddr).Port
	output, err := command(t, fmt.Sprintf("PORT=%d", port)).CombinedOutput()
	if err == nil || !strings.Contains(string(output), fmt.Sprintf("port %d ", port)) || !strings.Contains(string(output), "PORT") {
		t.Errorf("%v: %s", err, output)
	}
}
