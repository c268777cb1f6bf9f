package main

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Manifests of Kubernetes, as far as those in docs/kubernetes use them. A field that is not here is an error: it may be a slip.
type (
	labelled struct {
		MatchLabels map[string]string `yaml:"matchLabels"`
	}
	named struct {
		Name        string
		Labels      map[string]string
		Annotations map[string]string
	}
	probe struct {
		HTTPGet          struct{ Path, Port string } `yaml:"httpGet"`
		TCPSocket        struct{ Port string }       `yaml:"tcpSocket"`
		PeriodSeconds    int                         `yaml:"periodSeconds"`
		FailureThreshold int                         `yaml:"failureThreshold"`
	}
	containerPort struct {
		Name     string
		Port     int `yaml:"containerPort"`
		Protocol string
	}
	servicePort struct {
		Name     string
		Port     int
		Target   string `yaml:"targetPort"`
		Protocol string
	}
	claim struct {
		Metadata named
		Spec     struct {
			Modes     []string `yaml:"accessModes"`
			Resources struct{ Requests map[string]string }
		}
	}
	container struct {
		Name, Image string
		Args        []string
		Env         []struct{ Name, Value string }
		Ports       []containerPort
		Readiness   probe `yaml:"readinessProbe"`
		Liveness    probe `yaml:"livenessProbe"`
		Lifecycle   struct {
			PreStop struct{ Sleep struct{ Seconds int } } `yaml:"preStop"`
		}
		Resources struct{ Requests, Limits map[string]string }
		Security  struct {
			ReadOnly bool                    `yaml:"readOnlyRootFilesystem"`
			More     bool                    `yaml:"allowPrivilegeEscalation"`
			Can      struct{ Drop []string } `yaml:"capabilities"`
		} `yaml:"securityContext"`
		Mounts []struct {
			Name string
			Path string `yaml:"mountPath"`
		} `yaml:"volumeMounts"`
	}
	pod struct {
		Metadata named
		Spec     struct {
			Grace    int `yaml:"terminationGracePeriodSeconds"`
			Security struct {
				NonRoot bool                  `yaml:"runAsNonRoot"`
				User    int                   `yaml:"runAsUser"`
				Group   int                   `yaml:"fsGroup"`
				Seccomp struct{ Type string } `yaml:"seccompProfile"`
			} `yaml:"securityContext"`
			Spread []struct {
				Skew     int      `yaml:"maxSkew"`
				Key      string   `yaml:"topologyKey"`
				When     string   `yaml:"whenUnsatisfiable"`
				Selector labelled `yaml:"labelSelector"`
			} `yaml:"topologySpreadConstraints"`
			Containers []container
		}
	}
	// A workload is a Deployment or a StatefulSet.
	workload struct {
		APIVersion string `yaml:"apiVersion"`
		Kind       string
		Metadata   named
		Spec       struct {
			Replicas    int
			ServiceName string `yaml:"serviceName"`
			Selector    labelled
			Template    pod
			Claims      []claim `yaml:"volumeClaimTemplates"`
		}
	}
	balanced struct {
		APIVersion string `yaml:"apiVersion"`
		Kind       string
		Metadata   named
		Spec       struct {
			Type      string
			ClusterIP string `yaml:"clusterIP"`
			Traffic   string `yaml:"externalTrafficPolicy"`
			Selector  map[string]string
			Ports     []servicePort
		}
	}
	scaler struct {
		APIVersion string `yaml:"apiVersion"`
		Kind       string
		Metadata   named
		Spec       struct {
			Target struct {
				APIVersion string `yaml:"apiVersion"`
				Kind, Name string
			} `yaml:"scaleTargetRef"`
			Min     int `yaml:"minReplicas"`
			Max     int `yaml:"maxReplicas"`
			Metrics []struct {
				Type     string
				Resource struct {
					Name   string
					Target struct {
						Type string
						Use  int `yaml:"averageUtilization"`
					}
				}
			}
			Behavior struct {
				Down struct {
					Window int `yaml:"stabilizationWindowSeconds"`
				} `yaml:"scaleDown"`
			}
		}
	}
	budget struct {
		APIVersion string `yaml:"apiVersion"`
		Kind       string
		Metadata   named
		Spec       struct {
			Most     int `yaml:"maxUnavailable"`
			Selector labelled
		}
	}
	backend struct {
		Service struct {
			Name string
			Port struct{ Name string }
		}
	}
	ingress struct {
		APIVersion string `yaml:"apiVersion"`
		Kind       string
		Metadata   named
		Spec       struct {
			TLS []struct {
				Hosts  []string
				Secret string `yaml:"secretName"`
			}
			Rules []struct {
				Host string
				HTTP struct {
					Paths []struct {
						Path    string
						Type    string `yaml:"pathType"`
						Backend backend
					}
				}
			}
		}
	}
	policy struct {
		APIVersion string `yaml:"apiVersion"`
		Kind       string
		Metadata   named
		Spec       struct {
			Pods    labelled `yaml:"podSelector"`
			Types   []string `yaml:"policyTypes"`
			Ingress []struct {
				From []struct {
					Pods      labelled `yaml:"podSelector"`
					Namespace labelled `yaml:"namespaceSelector"`
				}
				Ports []struct{ Port, Protocol string }
			}
		}
	}
)

const manifests = "../../docs/kubernetes/"

// readManifests returns the documents of docs/kubernetes that are of some kinds.
func readManifests[T any](t *testing.T, kinds ...string) map[string]T {
	t.Helper()
	files, err := filepath.Glob(manifests + "*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]T{}
	for _, file := range files {
		if filepath.Base(file) == "kustomization.yaml" {
			continue
		}
		for kind, text := range documents(t, file) {
			if word, name, _ := strings.Cut(kind, " "); slices.Contains(kinds, word) {
				all[name] = decodeText[T](t, file, text)
			}
		}
	}
	return all
}

func withProtocol(protocol string) string {
	if protocol == "" {
		return "TCP"
	}
	return protocol
}

// TestKubernetes holds the manifests against the program and against each other.
func TestKubernetes(t *testing.T) {
	listed := decode[struct {
		APIVersion      string `yaml:"apiVersion"`
		Kind, Namespace string
		Resources       []string
		Images          []map[string]string
	}](t, manifests+"kustomization.yaml").Resources
	kinds := map[string]int{}
	for _, file := range listed {
		for kind := range documents(t, manifests+file) {
			word, _, _ := strings.Cut(kind, " ")
			kinds[word]++
		}
	}
	workloads := readManifests[workload](t, "Deployment", "StatefulSet")
	services := readManifests[balanced](t, "Service")
	policies := readManifests[policy](t, "NetworkPolicy")
	scalers := readManifests[scaler](t, "HorizontalPodAutoscaler")
	budgets := readManifests[budget](t, "PodDisruptionBudget")
	ways := readManifests[ingress](t, "Ingress")
	if n := len(workloads) + len(services) + len(policies) + len(scalers) + len(budgets) + len(ways); n != sum(kinds) {
		t.Errorf("%d documents are checked of %v", n, kinds)
	}

	pods := map[string]container{} // by part
	for name, w := range workloads {
		labels, c := w.Spec.Template.Metadata.Labels, w.Spec.Template.Spec.Containers[0]
		if !maps.Equal(w.Spec.Selector.MatchLabels, labels) || labels["part"] != name {
			t.Errorf("%s selects %v of pods with %v", name, w.Spec.Selector.MatchLabels, labels)
		}
		pods[name] = c
		if c.Resources.Limits["memory"] == "" || c.Resources.Requests["cpu"] == "" || !w.Spec.Template.Spec.Security.NonRoot || !slices.Equal(c.Security.Can.Drop, []string{"ALL"}) {
			t.Errorf("%s is not bounded: %+v", name, c.Resources)
		}
		for _, m := range c.Mounts {
			if !slices.ContainsFunc(w.Spec.Claims, func(c claim) bool { return c.Metadata.Name == m.Name }) {
				t.Errorf("%s mounts %s, which is not there", name, m.Name)
			}
		}
		if name == "redis" {
			continue
		}
		env := map[string]string{}
		for _, e := range c.Env {
			env[e.Name] = e.Value
		}
		listens := deployed(t, "kubernetes "+name, c.Args, env)
		for _, p := range c.Ports {
			if at := fmt.Sprintf("%s %d", withProtocol(p.Protocol), p.Port); !slices.Contains(listens, at) {
				t.Errorf("%s has the port %s at %s, and listens on %q", name, p.Name, at, listens)
			}
		}
		if c.Readiness.HTTPGet != (struct{ Path, Port string }{"/readyz", "http"}) || c.Liveness.HTTPGet != (struct{ Path, Port string }{"/healthz", "admin"}) {
			t.Errorf("%s is asked %+v and %+v", name, c.Readiness, c.Liveness)
		}
		if at := w.Spec.Template.Metadata.Annotations["prometheus.io/port"]; !slices.Contains(listens, "TCP "+at) || ":"+at != env["SHOAL_ADMIN"] {
			t.Errorf("%s: Prometheus asks %s", name, at)
		}
	}
	has := func(part, port, protocol string) bool {
		return slices.ContainsFunc(pods[part].Ports, func(p containerPort) bool {
			return p.Name == port && withProtocol(p.Protocol) == withProtocol(protocol)
		})
	}
	for name, s := range services {
		for _, p := range s.Spec.Ports {
			if !has(s.Spec.Selector["part"], p.Target, p.Protocol) {
				t.Errorf("service %s: %s has no port %s", name, s.Spec.Selector["part"], p.Target)
			}
			if p.Target == "admin" || p.Target == "http" && s.Spec.Type != "" {
				t.Errorf("service %s opens %s to the world", name, p.Target)
			}
		}
	}
	guarded := map[string]bool{}
	for name, p := range policies {
		part := p.Spec.Pods.MatchLabels["part"]
		guarded[part] = true
		for _, way := range p.Spec.Ingress {
			for _, port := range way.Ports {
				if !has(part, port.Port, port.Protocol) {
					t.Errorf("policy %s: %s has no port %s", name, part, port.Port)
				}
				if open := len(way.From) == 0; open && (port.Port == "admin" || part == "origin" && port.Port == "http" || part == "redis") {
					t.Errorf("policy %s: everybody reaches %s of %s", name, port.Port, part)
				}
			}
		}
	}
	for name := range pods {
		if !guarded[name] {
			t.Errorf("no policy says who reaches %s", name)
		}
	}
	for name, s := range scalers {
		if w, ok := workloads[s.Spec.Target.Name]; !ok || w.Kind != s.Spec.Target.Kind || w.APIVersion != s.Spec.Target.APIVersion || s.Spec.Min > s.Spec.Max {
			t.Errorf("%s scales %+v", name, s.Spec.Target)
		}
	}
	for name, b := range budgets {
		if _, ok := pods[b.Spec.Selector.MatchLabels["part"]]; !ok {
			t.Errorf("%s is of nothing", name)
		}
	}
	for name, i := range ways {
		for _, path := range i.Spec.Rules[0].HTTP.Paths {
			to := services[path.Backend.Service.Name]
			if !slices.ContainsFunc(to.Spec.Ports, func(p servicePort) bool { return p.Name == path.Backend.Service.Port.Name }) {
				t.Errorf("%s: %s goes nowhere", name, path.Path)
			}
		}
	}
}

func sum(counts map[string]int) (n int) {
	for _, one := range counts {
		n += one
	}
	return n
}
