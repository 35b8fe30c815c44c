// A daemon that gives containerd the snapshots of stargz-snapshotter: snapshotter FOLDER SOCKET.
//
// stargz-snapshotter's own daemon is not in a module that can be installed; its parts are.
package main

import (
	"context"
	"log"
	"net"
	"os"

	snapshotsapi "github.com/containerd/containerd/api/services/snapshots/v1"
	"github.com/containerd/containerd/v2/contrib/snapshotservice"
	"github.com/containerd/stargz-snapshotter/fs/config"
	"github.com/containerd/stargz-snapshotter/service"
	"google.golang.org/grpc"
)

func main() {
	// The tests count the bytes that reading fetches; in the background it would fetch all the others too.
	settings := service.Config{Config: config.Config{NoBackgroundFetch: true}}
	snapshotter, err := service.NewStargzSnapshotterService(context.Background(), os.Args[1], &settings)
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("unix", os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer()
	snapshotsapi.RegisterSnapshotsServer(server, snapshotservice.FromSnapshotter(snapshotter))
	log.Print("listening")
	log.Fatal(server.Serve(listener))
}
