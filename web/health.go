package web

import (
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// routeHealth answers probes: /healthz while the process runs, /readyz while
// the store can be read.
func (s *Server) routeHealth(handle func(string, handlerFunc)) {
	handle("GET /healthz", func(w http.ResponseWriter, _ *http.Request) error {
		_, err := io.WriteString(w, "ok\n")
		return err
	})
	handle("GET /readyz", func(w http.ResponseWriter, r *http.Request) error {
		if err := s.Store.Ping(r.Context()); err != nil {
			s.Log.ErrorContext(r.Context(), "store", "error", err)
			http.Error(w, "The store cannot be read.", http.StatusServiceUnavailable)
			return nil
		}
		_, err := io.WriteString(w, "ok\n")
		return err
	})
	handle("GET /robots.txt", func(w http.ResponseWriter, _ *http.Request) error {
		_, err := io.WriteString(w, "User-agent: *\nDisallow: /search\nDisallow: /api/\nDisallow: /library\n")
		return err
	})
}

// metrics are what Prometheus is told of requests.
type metrics struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
}

func newMetrics(reg prometheus.Registerer) *metrics {
	if reg == nil {
		return nil
	}
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "offprint_http_requests_total", Help: "Requests answered, by route and status.",
		}, []string{"route", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "offprint_http_request_seconds", Help: "Time to answer a request, by route.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, 1, 5},
		}, []string{"route"}),
	}
	reg.MustRegister(m.requests, m.seconds)
	return m
}

// count records a request for /metrics.
func (s *Server) count(route string, status int, took time.Duration) {
	if s.metrics == nil {
		return
	}
	s.metrics.requests.WithLabelValues(route, strconv.Itoa(status)).Inc()
	s.metrics.seconds.WithLabelValues(route).Observe(took.Seconds())
}
