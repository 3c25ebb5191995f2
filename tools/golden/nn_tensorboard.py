"""Golden bytes of a TensorBoard event file, written by Python's tensorboard.

usage: python nn_tensorboard.py OUT.bin
"""

import sys

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

point = lambda tag, value: Summary(value=[Summary.Value(tag=tag, simple_value=value)])
events = [
    Event(wall_time=1_700_000_000.25, file_version="brain.Event:2"),
    Event(wall_time=1_700_000_001.5, step=0, summary=point("loss/critic", -1.25)),
    Event(wall_time=1_700_000_002.5, step=300, summary=point("metric", 0.5)),
]
with open(sys.argv[1], "wb") as file:
    writer = RecordWriter(file)
    for event in events:
        writer.write(event.SerializeToString())
    writer.flush()
