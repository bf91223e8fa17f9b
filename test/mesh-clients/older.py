"""The Python client of MESH as it was for years, which speaks version 1: prints one line for each thing that went well.

Arguments: the address, then where they are needed a client certificate, its key and the authorities to trust.
"""

import sys
import warnings

warnings.simplefilter("ignore")
from mesh_client import MeshClient, MeshError  # noqa: E402

url = sys.argv[1]
cert = tuple(sys.argv[2:4]) if len(sys.argv) > 3 else None
verify = sys.argv[4] if len(sys.argv) > 4 else None


def client(mailbox, **more):
    return MeshClient(
        url, mailbox, "password", shared_key=b"TestKey", cert=cert, verify=verify, **more
    )


def done(what):
    print(what, flush=True)


alice, bob = client("ALICE"), client("BOB")
alice.handshake()
bob.handshake()
done("handshake")

for waiting in bob.list_messages():
    bob.acknowledge_message(waiting)
sent = alice.send_message(
    "BOB", b"Hello Bob", workflow_id="RESTRICTED_WORKFLOW", subject="greeting", local_id="old"
)
assert bob.count_messages() == 1
assert bob.list_messages() == [sent], bob.list_messages()
message = bob.retrieve_message(sent)
assert message.read() == b"Hello Bob"
assert message.sender == "ALICE" and message.subject == "greeting"
assert alice.track_by_message_id(sent)["status"] == "Accepted"
message.acknowledge()
assert alice.get_tracking_info(tracking_id="old")["messageId"] == sent
assert bob.list_messages() == []
done("send, retrieve, track, acknowledge")

body = bytes(range(256)) * 2000
for more in ({}, {"transparent_compress": True}):
    chunked = client("ALICE", max_chunk_size=100_000, **more).send_message(
        "BOB", body, workflow_id="RESTRICTED_WORKFLOW"
    )
    assert bob.retrieve_message(chunked).read() == body
    bob.acknowledge_message(chunked)
done("chunks, plain and compressed")

for n in range(3):
    alice.send_message("BOB", b"%d" % n, workflow_id="RESTRICTED_WORKFLOW")
assert [one.read() for one in bob.iterate_all_messages()] == [b"0", b"1", b"2"]
for one in bob.list_messages():
    bob.acknowledge_message(one)
done("iterate")

found = alice.lookup_endpoint("X26", "RESTRICTED_WORKFLOW")["results"]
assert [one["address"] for one in found] == ["BOB"], found
done("look up at the older address")

try:
    alice.send_message("NOBODY", b"x", workflow_id="RESTRICTED_WORKFLOW")
    raise AssertionError("a message to nobody was taken")
except MeshError as error:
    assert "Unregistered" in str(error), error
done("refusal is understood")
