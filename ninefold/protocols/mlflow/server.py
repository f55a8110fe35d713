"""What the server says of itself, so that clients know what they may ask for."""

from typing import Any

from ninefold.protocols.mlflow.endpoint import ROOT, Endpoint
from ninefold.protocols.mlflow.tracking import Place
from ninefold.protocols.mlflow.wire import Message
from ninefold.storage.store import Addressed
from ninefold.web.call import Answer, Call

SPEAKS = "3.18.0"  # the release of the protocol that this is; clients compare it with their own


def version(place: Place, message: Message, call: Call) -> Answer:
    """The release of the protocol, as text."""
    return Answer(SPEAKS, type="text/html; charset=utf-8")


def server_info(place: Place, message: Message, call: Call) -> dict[str, Any]:
    """What this server can do; clients choose their way to artifacts by it."""
    return {
        "store_type": "SqlStore",
        "workspaces_enabled": False,
        "trace_archival_enabled": False,
        "multipart_uploads_enabled": True,
        # from the store itself, where clients can reach it
        "multipart_downloads_enabled": isinstance(place.files.blobs.store, Addressed),
        "artifact_serving_enabled": True,
        "presigned_upload_run_id_supported": True,
        "presigned_upload_model_id_supported": True,
        "model_artifact_presigned_downloads_supported": False,
        "artifacts_presigned_only": False,
        "features_enabled": {},
        "tracking_auth": "",
    }


ENDPOINTS = [
    Endpoint("GET", "version", version, roles="public", kind="page", under=ROOT),
    Endpoint("GET", "server-info", server_info, roles="public", under=("/api/3.0/mlflow/", "/ajax-api/3.0/mlflow/")),
]
