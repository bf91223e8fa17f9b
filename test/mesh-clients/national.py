"""The national Python client of MESH against a server: prints one line for each thing that went as it should.

Arguments: the address, then where they are needed a client certificate, its key and the authorities to trust.
"""

import gzip
import os
import sys

from mesh_client import MeshClient, MeshError

url = sys.argv[1]
cert = tuple(sys.argv[2:4]) if len(sys.argv) > 3 else None
verify = sys.argv[4] if len(sys.argv) > 4 else None


def client(mailbox, **more):
    return MeshClient(
        url, mailbox, "password", shared_key=b"TestKey", cert=cert, verify=verify, **more
    )


def done(what):
    print(what, flush=True)


with client("ALICE") as alice, client("BOB") as bob:
    alice.handshake()
    bob.handshake()
    done("handshake")

    for waiting in bob.list_messages():
        bob.acknowledge_message(waiting)
    sent = alice.send_message(
        "BOB", b"Hello Bob", workflow_id="RESTRICTED_WORKFLOW", subject="greeting", local_id="one"
    )
    assert bob.list_messages() == [sent], bob.list_messages()
    message = bob.retrieve_message(sent)
    assert message.read() == b"Hello Bob"
    assert message.sender == "ALICE" and message.recipient == "BOB", message.sender
    assert message.subject == "greeting" and message.local_id == "one"
    assert message.workflow_id == "RESTRICTED_WORKFLOW"
    assert message.message_type == "DATA"
    done("send and retrieve")

    tracked = alice.track_message(message_id=sent)
    assert tracked["message_id"] == sent and tracked["status"] == "accepted", tracked
    message.acknowledge()
    assert bob.list_messages() == []
    assert alice.track_message(message_id=sent)["status"] == "acknowledged"
    done("acknowledge and track")

    with client("ALICE", max_chunk_size=100_000) as chunking:
        body = os.urandom(450_000)
        large = chunking.send_message("BOB", body, workflow_id="RESTRICTED_WORKFLOW")
        assert bob.retrieve_message(large).read() == body
        packed = chunking.send_message(
            "BOB", body, workflow_id="RESTRICTED_WORKFLOW", compress=True
        )
        assert bob.retrieve_message(packed).read() == body
    for one in (large, packed):
        bob.acknowledge_message(one)
    done("chunks, plain and compressed")

    already = gzip.compress(b"packed before")
    kept = alice.send_message("BOB", already, workflow_id="RESTRICTED_WORKFLOW", compressed=True)
    assert bob.retrieve_message(kept).read() == already
    bob.acknowledge_message(kept)
    done("a payload packed by its sender")

    expected = {b"%d" % n for n in range(23)}
    for one in expected:
        alice.send_message("BOB", one, workflow_id="RESTRICTED_WORKFLOW")
    assert bob.count_messages() == 23
    read = []
    for one in bob.iterate_messages(batch_size=10):
        read.append(one.read())
        one.acknowledge()
    assert sorted(read) == sorted(expected), read
    done("iterate and acknowledge over pages")

    alice.send_message("BOB", b"a", workflow_id="ANOTHER_1")
    alice.send_message("BOB", b"b", workflow_id="OTHER_2")
    found = bob.list_messages(workflow_filter="ANOTHER*")
    assert len(found) == 1 and bob.retrieve_message(found[0]).read() == b"a"
    for one in bob.list_messages():
        bob.acknowledge_message(one)
    done("filter by workflow")

    assert alice.lookup_endpoint("X26", "RESTRICTED_WORKFLOW")["results"] == [
        {"mailbox_id": "BOB", "mailbox_name": "TESTMB2"}
    ]
    done("look up")

    try:
        alice.send_message("NOBODY", b"x", workflow_id="RESTRICTED_WORKFLOW")
        raise AssertionError("a message to nobody was taken")
    except MeshError as error:
        assert "Unregistered" in str(error), error
    done("refusal is understood")

    try:
        MeshClient(
            url, "ALICE", "wrong", shared_key=b"TestKey", cert=cert, verify=verify
        ).list_messages()
        raise AssertionError("a wrong password was taken")
    except Exception as error:
        assert "403" in str(error), error
    done("wrong password")
