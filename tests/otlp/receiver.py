"""A receiver of OTLP that believes nobody: it decodes what comes with Google's protobuf, and prints it.

Standard output has one JSON object a line: first the ports, then each request. Standard input has one
answer a line, for the next request that comes; each line is acknowledged by a line. Without one, a
request is taken. It ends when standard input does.

    {"status": 503, "headers": {"Retry-After": "1"}, "body": "text"}   HTTP
    {"partial": 3, "message": "too old"}                               both
    {"code": 8, "message": "full", "retry_seconds": 1}                 gRPC
    {"hang": true}                                                     both: no answer at all
    {"bytes": "text"}                                                  HTTP: this on the wire
"""

import gzip
import json
import os
import queue
import sys
import threading
from concurrent import futures
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import grpc
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2 as logs
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2_grpc as logs_grpc
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as metrics
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2_grpc as metrics_grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as traces
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as traces_grpc

REQUESTS = {
    "traces": traces.ExportTraceServiceRequest,
    "metrics": metrics.ExportMetricsServiceRequest,
    "logs": logs.ExportLogsServiceRequest,
}
RESPONSES = {
    "traces": (traces.ExportTraceServiceResponse, "rejected_spans"),
    "metrics": (metrics.ExportMetricsServiceResponse, "rejected_data_points"),
    "logs": (logs.ExportLogsServiceResponse, "rejected_log_records"),
}

answers = queue.SimpleQueue()
printing = threading.Lock()


def say(value):
    with printing:
        print(json.dumps(value), flush=True)


def plain(value):
    """A message as JSON: its own names, bytes as hexadecimal digits, numbers as numbers."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, (str, bool, int, float)):
        return value
    if hasattr(value, "ListFields"):
        return {field.name: plain(of) for field, of in value.ListFields()}
    return [plain(one) for one in value]


def told(signal, transport, headers, body):
    request = REQUESTS[signal]()
    request.ParseFromString(body)
    # What the decoder does not know would be lost here, and nobody would see it.
    assert request.SerializeToString() and not unknown(request), "unknown fields"
    say({"signal": signal, "transport": transport, "headers": headers, "message": plain(request)})


def unknown(message):
    from google.protobuf.unknown_fields import UnknownFieldSet

    if len(UnknownFieldSet(message)):
        return True
    for _, value in message.ListFields():
        values = value if hasattr(value, "__iter__") and not isinstance(value, (str, bytes)) else [value]
        if any(hasattr(one, "ListFields") and unknown(one) for one in values):
            return True
    return False


def next_answer():
    try:
        answer = answers.get_nowait()
    except queue.Empty:
        return {}
    if answer.get("hang"):
        threading.Event().wait()
    return answer


def response(signal, answer):
    kind, rejected = RESPONSES[signal]
    message = kind()
    if "partial" in answer:
        setattr(message.partial_success, rejected, answer["partial"])
        message.partial_success.error_message = answer.get("message", "")
    return message


class Web(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        signal = self.path.removeprefix("/v1/")
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        if headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        told(signal, "http", headers, body)
        answer = next_answer()
        if "bytes" in answer:
            self.wfile.write(answer["bytes"].encode())
            self.close_connection = True
            return
        text = answer["body"].encode() if "body" in answer else None
        content = response(signal, answer).SerializeToString() if text is None else text
        self.send_response(answer.get("status", 200))
        kind = "application/x-protobuf" if text is None else "text/html"
        for name, value in {"Content-Type": kind, **answer.get("headers", {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


def varint(number):
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def field(tag, value):
    """A field of protobuf, written by hand: the messages of google.rpc are in no package here."""
    if isinstance(value, int):
        return varint(tag << 3) + varint(value)
    return varint(tag << 3 | 2) + varint(len(value)) + value


def details(answer):
    retry = field(1, field(1, answer["retry_seconds"]))
    info = field(1, b"type.googleapis.com/google.rpc.RetryInfo") + field(2, retry)
    return field(1, answer["code"]) + field(2, answer["message"].encode()) + field(3, info)


def grpc_code(number):
    return next(code for code in grpc.StatusCode if code.value[0] == number)


class Grpc:
    def __init__(self, signal):
        self.signal = signal

    def Export(self, request, context):
        headers = dict(context.invocation_metadata())
        headers = {name: value for name, value in headers.items() if isinstance(value, str)}
        told(self.signal, "grpc", headers, request.SerializeToString())
        answer = next_answer()
        if "code" in answer:
            if "retry_seconds" in answer:
                context.set_trailing_metadata((("grpc-status-details-bin", details(answer)),))
            context.abort(grpc_code(answer["code"]), answer.get("message", ""))
        return response(self.signal, answer)


def main():
    http_port, grpc_port = int(sys.argv[1]), int(sys.argv[2])
    web = ThreadingHTTPServer(("127.0.0.1", http_port), Web)
    web.daemon_threads = True
    server = grpc.server(futures.ThreadPoolExecutor(4))
    traces_grpc.add_TraceServiceServicer_to_server(Grpc("traces"), server)
    metrics_grpc.add_MetricsServiceServicer_to_server(Grpc("metrics"), server)
    logs_grpc.add_LogsServiceServicer_to_server(Grpc("logs"), server)
    bound = server.add_insecure_port(f"127.0.0.1:{grpc_port}")
    # Who knows the ports already, from a receiver that was there before, is told of after them.
    with printing:
        threading.Thread(target=web.serve_forever, daemon=True).start()
        server.start()
        print(json.dumps({"http": web.server_address[1], "grpc": bound}), flush=True)
    for line in sys.stdin:
        answers.put(json.loads(line))
        say({"answer": "is known"})
    # Without waiting for those that hang.
    os._exit(0)


main()
