"""A small server for tests alone: it answers TensorFlow Serving's gRPC and REST requests from a SavedModel.

It is no TensorFlow Serving. It shows that the requests of the clients are well formed and that the signatures answer
them; it speaks `PredictionService.Predict`, and `:predict` with "inputs" by column.
"""

import base64
import concurrent.futures
import contextlib
import http.server
import json
import threading

import numpy as np
import tensorflow as tf

REFUSED = (tf.errors.InvalidArgumentError, TypeError, ValueError)


class ServingTestServer:
    """Answers for one SavedModel.

    Args:
        folder: of the SavedModel.
        name: of the model.
    """

    def __init__(self, folder, name):
        self.signatures, self.name = tf.saved_model.load(str(folder)).signatures, name

    def answer(self, signature, inputs):
        """{output: ndarray}; `inputs` are arrays or nested lists."""
        function = self.signatures[signature]
        specs = function.structured_input_signature[1]
        return {k: v.numpy() for k, v in function(**{
            key: tf.constant(value, specs[key].dtype) for key, value in inputs.items()
        }).items()}  # fmt: skip

    @contextlib.contextmanager
    def rest(self):
        """The address of a REST server, until the block ends."""
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):  # noqa: N802
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status, answer = outer._rest_answer(self.path, request)
                content = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *arguments):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            server.server_close()

    def _rest_answer(self, path, request):
        if path != f"/v1/models/{self.name}:predict":
            return 404, {"error": f"no such model: {path}"}
        try:
            outputs = self.answer(request.get("signature_name", "serving_default"), request["inputs"])
        except REFUSED as error:
            return 400, {"error": str(error)}
        # As TensorFlow Serving does: names that end in _bytes are base64, and one output comes without its name.
        columns = {
            key: [{"b64": base64.b64encode(item).decode()} for item in value]
            if key.endswith("_bytes")
            else value.tolist()
            for key, value in outputs.items()
        }
        return 200, {"outputs": columns if len(columns) > 1 else next(iter(columns.values()))}

    @contextlib.contextmanager
    def grpc(self):
        """The address of a gRPC server, until the block ends."""
        import grpc
        from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

        outer = self

        class Servicer(prediction_service_pb2_grpc.PredictionServiceServicer):
            def Predict(self, request, context):  # noqa: N802
                try:
                    inputs = {key: tf.make_ndarray(value) for key, value in request.inputs.items()}
                    outputs = outer.answer(request.model_spec.signature_name or "serving_default", inputs)
                except REFUSED as error:
                    context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
                response = predict_pb2.PredictResponse()
                for key, value in outputs.items():
                    response.outputs[key].CopyFrom(tf.make_tensor_proto(np.asarray(value)))
                return response

        server = grpc.server(concurrent.futures.ThreadPoolExecutor(1))
        prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(Servicer(), server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        try:
            yield f"127.0.0.1:{port}"
        finally:
            server.stop(None).wait()
