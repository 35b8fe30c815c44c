"""The peers of comp in other languages, each with a small web service: ko builds one in Go, Jib (Maven) one in Java.

ko is the Go module github.com/google/ko, Jib the Maven plugin com.google.cloud.tools:jib-maven-plugin. Both build
without a daemon, as comp does. The services serve one page, and metrics or a gRPC server where their usual libraries
have them.
"""

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from benchmarks.measuring import Command
from benchmarks.tools import ROOT

KO_VERSION = "v0.19.1"
JIB_VERSION = "3.5.2"

_PYPROJECT = """[project]
name = "service"
version = "1.0.0"
description = "Answer requests"
requires-python = ">=3.11"
dependencies = ["fastapi==0.115.12", "grpcio==1.71.0", "prometheus-client==0.21.1", "uvicorn==0.34.0"]

[tool.comp]
entrypoint = "service:serve"
base = "{base}"
"""
_PYTHON = '''"""A small web service."""


def serve(port: int = 8080) -> None:
    """Answer requests until the end."""
    import fastapi
    import uvicorn

    service = fastapi.FastAPI()

    @service.get("/")
    def answer() -> str:
        return "0"

    uvicorn.run(service, port=port)
'''
_GO_MOD = """module bench.invalid/service

go 1.24

require (
	github.com/go-chi/chi/v5 v5.2.3
	github.com/prometheus/client_golang v1.23.2
	google.golang.org/grpc v1.82.0
)
"""
_GO = """package main

import (
	"log"
	"net/http"

	"github.com/go-chi/chi/v5"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"google.golang.org/grpc"
)

func main() {
	_ = grpc.NewServer()
	router := chi.NewRouter()
	router.Get("/", func(answer http.ResponseWriter, _ *http.Request) { answer.Write([]byte("0")) })
	router.Handle("/metrics", promhttp.Handler())
	log.Fatal(http.ListenAndServe(":8080", router))
}
"""
_POM = f"""<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <parent>
    <groupId>org.springframework.boot</groupId>
    <artifactId>spring-boot-starter-parent</artifactId>
    <version>3.5.7</version>
    <relativePath/>
  </parent>
  <groupId>bench</groupId>
  <artifactId>service</artifactId>
  <version>1.0.0</version>
  <properties><java.version>17</java.version></properties>
  <dependencies>
    <dependency><groupId>org.springframework.boot</groupId><artifactId>spring-boot-starter-web</artifactId></dependency>
  </dependencies>
  <build>
    <plugins>
      <plugin>
        <groupId>com.google.cloud.tools</groupId>
        <artifactId>jib-maven-plugin</artifactId>
        <version>{JIB_VERSION}</version>
      </plugin>
    </plugins>
  </build>
</project>
"""
_JAVA = """package bench;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

@SpringBootApplication
@RestController
public class Service {
    @GetMapping("/")
    String answer() {
        return "0";
    }

    public static void main(String[] arguments) {
        SpringApplication.run(Service.class, arguments);
    }
}
"""


class Peer(Protocol):
    """A service and the tool that builds and pushes it. `host` is a distribution server with `bench/base:1`."""

    @property
    def name(self) -> str:
        """The tool, and the language of its service."""
        ...

    @property
    def image(self) -> str:
        """The repository and tag that the image is pushed to."""
        ...

    def prepare(self) -> Sequence[Command]:
        """Write the service; return the commands that fetch what the tool takes from a package registry."""
        ...

    def forget(self) -> None:
        """Delete what the tool keeps from earlier builds, but for packages that it fetched."""
        ...

    def change(self, number: int) -> None:
        """Change one line of the service."""
        ...

    def build(self) -> Command:
        """Return the command that builds and pushes."""
        ...


class Comp(Struct, frozen=True, kw_only=True):
    """comp and a Python service. To forget includes its wheels, which it fetches in the cold build."""

    folder: Path
    host: str
    name: str = "comp (Python)"
    image: str = "bench/service:1.0.0"

    def prepare(self) -> Sequence[Command]:
        """Write the service and generate its contract."""
        (self.folder / "src").mkdir(parents=True)
        (self.folder / "pyproject.toml").write_text(_PYPROJECT.format(base=f"{self.host}/bench/base:1"))
        self.change(0)
        return (replace(self.build(), words=(self._comp(), "generate", ".")),)

    def forget(self) -> None:
        """Delete the caches of comp and uv, and the lock."""
        for name in ("cache", "uv-cache"):
            shutil.rmtree(self.folder.with_name(f"{self.folder.name}-{name}"), ignore_errors=True)
        (self.folder / "requirements.lock").unlink(missing_ok=True)

    def change(self, number: int) -> None:
        """Change the answer."""
        (self.folder / "src" / "service.py").write_text(_PYTHON.replace('"0"', f'"{number}"'))

    def build(self) -> Command:
        """Build and push, with caches of its own."""
        environment = {
            "COMP_CACHE_DIR": f"{self.folder}-cache",
            "UV_CACHE_DIR": f"{self.folder}-uv-cache",
            "COMP_IMAGE_PREFIX": f"{self.host}/bench",
        }
        return Command(words=(self._comp(), "build", "--push", "."), folder=self.folder, environment=environment)

    def _comp(self) -> str:
        """Return the path of the command."""
        return str(ROOT / ".venv" / "bin" / "comp")


class Ko(Struct, frozen=True, kw_only=True):
    """ko and a Go service. It makes no SBOM here, as comp makes none unless it is asked to."""

    folder: Path
    host: str
    name: str = "ko (Go)"
    image: str = "bench/ko:1"

    def prepare(self) -> Sequence[Command]:
        """Write the service; its modules are fetched into the user's module cache."""
        self.folder.mkdir(parents=True)
        (self.folder / "go.mod").write_text(_GO_MOD)
        self.change(0)
        return (replace(self.build(), words=(_program("go"), "mod", "tidy")),)

    def forget(self) -> None:
        """Delete Go's build cache."""
        shutil.rmtree(f"{self.folder}-cache", ignore_errors=True)

    def change(self, number: int) -> None:
        """Change the answer."""
        (self.folder / "main.go").write_text(_GO.replace('"0"', f'"{number}"'))

    def build(self) -> Command:
        """Build and push, with a build cache of its own."""
        environment = {
            "GOCACHE": f"{self.folder}-cache",
            "GOFLAGS": "-buildvcs=false",
            "GOTOOLCHAIN": "local",
            "KO_DEFAULTBASEIMAGE": f"{self.host}/bench/base:1",
            "KO_DOCKER_REPO": f"{self.host}/{self.image.removesuffix(':1')}",
            # ko calls `go`.
            "PATH": f"{Path(_program('go')).parent}{os.pathsep}{os.environ['PATH']}",
        }
        words = (_program("ko"), "build", "--bare", "--insecure-registry", "--sbom=none", "--tags=1", ".")
        return Command(words=words, folder=self.folder, environment=environment)


class Jib(Struct, frozen=True, kw_only=True):
    """Jib in Maven and a Java service."""

    folder: Path
    host: str
    name: str = "Jib (Java, Maven)"
    image: str = "bench/jib:1"

    def prepare(self) -> Sequence[Command]:
        """Write the service; the jars and Maven's plugins are fetched into the user's repository of Maven."""
        (self.folder / "src" / "main" / "java" / "bench").mkdir(parents=True)
        (self.folder / "pom.xml").write_text(_POM)
        self.change(0)
        # A first build is the only way to have Maven fetch all that a build takes.
        return (self.build(),)

    def forget(self) -> None:
        """Delete what was compiled, and Jib's caches."""
        shutil.rmtree(self.folder / "target", ignore_errors=True)
        shutil.rmtree(f"{self.folder}-cache", ignore_errors=True)

    def change(self, number: int) -> None:
        """Change the answer."""
        source = self.folder / "src" / "main" / "java" / "bench" / "Service.java"
        source.write_text(_JAVA.replace('"0"', f'"{number}"'))

    def build(self) -> Command:
        """Build and push, with caches of its own."""
        settings = {
            "jib.allowInsecureRegistries": "true",
            "jib.applicationCache": f"{self.folder}-cache/application",
            "jib.baseImageCache": f"{self.folder}-cache/base",
            "jib.from.image": f"{self.host}/bench/base:1",
            "jib.to.image": f"{self.host}/{self.image}",
        }
        defined = (f"-D{name}={value}" for name, value in settings.items())
        words = (_program("mvn"), "--batch-mode", "--quiet", "compile", "jib:build", *defined)
        return Command(words=words, folder=self.folder)


_MISSING = {
    "ko": f"go install github.com/google/ko@{KO_VERSION}",
    "go": "install Go, 1.26 or later, from https://go.dev or your distribution",
    "mvn": "apt-get install maven openjdk-17-jdk-headless",
}


def _program(name: str) -> str:
    """Return the path of a peer's program. Ends the benchmark with a word on how to get it if it is missing."""
    # Where `go install` puts programs, and where Go itself is usually unpacked.
    folders = [os.environ.get("PATH", ""), str(Path.home() / "go" / "bin"), "/usr/local/go/bin"]
    found = shutil.which(name, path=os.pathsep.join(folders))
    if found is None:
        sys.exit(f"{name} is missing: {_MISSING[name]}; or leave it out by --tools")
    return found
