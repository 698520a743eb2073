"""RTSP cameras of GStreamer's server, one port each, for the tests. Run by a Python that has PyGObject.

Commands on standard input, one JSON a line; one JSON answer each on standard output:
``{"do": "add", "name": ..., "file": ..., "codec": "h264"|"h265"|"jpeg", "fps": ..., "user": ..., "password": ...}``
answers with the port; ``down`` closes the port and all connections, ``up`` opens the same port again, ``mute`` stops
sending while connections stay, ``loud`` goes on, ``replace`` takes another file for connections to come. The file
holds pictures as the encoder made them: length (4 bytes, big-endian), bytes; it is repeated for ever.
"""

import itertools
import json
import sys
from pathlib import Path

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

CAPS = {
    "h264": ("video/x-h264,stream-format=byte-stream,alignment=au", "rtph264pay config-interval=-1"),
    "h265": ("video/x-h265,stream-format=byte-stream,alignment=au", "rtph265pay config-interval=-1"),
    "jpeg": ("image/jpeg,width={width},height={height},framerate={fps}/1", "rtpjpegpay"),
}


def pictures(path):
    data, at, found = Path(path).read_bytes(), 0, []
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        found.append(data[at + 4 : at + 4 + size])
        at += 4 + size
    return found


class Camera:
    def __init__(self, order):
        self.muted = False
        self.server = GstRtspServer.RTSPServer()
        self.server.set_address("127.0.0.1")
        self.server.set_service("0")
        self.replace(order)
        self.watch = self.server.attach(None)
        self.port = self.server.get_bound_port()

    def replace(self, order):
        self.pictures, self.fps = pictures(order["file"]), order.get("fps", 5)
        caps, pay = CAPS[order.get("codec", "h264")]
        caps = caps.format(width=order.get("width", 320), height=order.get("height", 180), fps=self.fps)
        source = f"appsrc name=source is-live=true do-timestamp=true format=time caps={caps}"
        factory = GstRtspServer.RTSPMediaFactory()
        factory.set_launch(f"( {source} ! {pay} name=pay0 pt=96 )")
        factory.set_shared(True)
        factory.connect("media-configure", self.configure)
        if order.get("user"):
            self.protect(factory, order["user"], order["password"])
        self.server.get_mount_points().add_factory("/live", factory)

    def protect(self, factory, user, password):
        permissions = GstRtspServer.RTSPPermissions()
        for right in ("media.factory.access", "media.factory.construct"):
            permissions.add_permission_for_role("viewer", right, True)
        factory.set_permissions(permissions)
        token = GstRtspServer.RTSPToken()
        token.set_string("media.factory.role", "viewer")
        auth = GstRtspServer.RTSPAuth()
        gi.require_version("GstRtsp", "1.0")
        from gi.repository import GstRtsp

        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        auth.add_digest(user, password, token)
        self.server.set_auth(auth)

    def configure(self, _factory, media):
        source = media.get_element().get_by_name("source")
        data, place, gone = self.pictures, itertools.count(), []

        def push():
            if not self.muted and not gone:
                source.emit("push-buffer", Gst.Buffer.new_wrapped(data[next(place) % len(data)]))
            return not gone

        media.connect("unprepared", gone.append)
        GLib.timeout_add(round(1000 / self.fps), push)

    def down(self):
        GLib.source_remove(self.watch)
        self.server.client_filter(
            lambda _server, client: (client.close(), GstRtspServer.RTSPFilterResult.REMOVE)[1]
        )

    def up(self):
        self.server.set_service(str(self.port))
        self.watch = self.server.attach(None)
        return self.watch != 0


def main():
    Gst.init(None)
    cameras = {}
    loop = GLib.MainLoop()

    def answer(order):
        name = order["name"]
        if order["do"] == "add":
            cameras[name] = Camera(order)
            return cameras[name].port
        if order["do"] in ("mute", "loud"):
            cameras[name].muted = order["do"] == "mute"
            return True
        if order["do"] == "replace":
            cameras[name].replace(order)
            return True
        return getattr(cameras[name], order["do"])() is not False

    def on_line(channel, _condition):
        line = sys.stdin.readline()
        if not line:
            loop.quit()
            return False
        print(json.dumps(answer(json.loads(line))), flush=True)
        return True

    GLib.io_add_watch(0, GLib.IOCondition.IN | GLib.IOCondition.HUP, on_line)
    loop.run()


if __name__ == "__main__":
    main()
