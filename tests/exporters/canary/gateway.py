"""A gateway that misbehaves by its path, in a process of its own, with a line in its log for each request: the truth of counts.

    python gateway.py PORT LOG FOLDER

/ok answers at once; /after/MS that late; /status/CODE with that status; /hang never; /lost closes without an answer. /as/NAME
does what the file NAME in the folder says now, with one of these paths in it. A line is the path and the status that was sent.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

BODY = b"all is well\n"


async def answer(path: str, writer: asyncio.StreamWriter, folder: Path) -> int:
    """The status that was sent; 0 without an answer."""
    what, _, value = path.strip("/").partition("/")
    if what == "as":
        return await answer((folder / value).read_text().strip(), writer, folder)
    if what == "hang":
        await asyncio.sleep(3600)
    if what == "lost":
        return 0
    if what == "after":
        await asyncio.sleep(float(value) / 1000)
    status = int(value) if what == "status" else 200
    head = f"HTTP/1.1 {status} Some\r\ncontent-length: {len(BODY)}\r\ncontent-type: text/plain\r\n\r\n"
    writer.write(head.encode() + BODY)
    await writer.drain()
    return status


async def main(port: int, log: Path, folder: Path) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        status = 1
        try:
            while status:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                path = head.split(" ", 2)[1]
                status = await answer(path, writer, folder)
                lines.write(f"{path} {status}\n")
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    with log.open("a", buffering=1) as lines:
        server = await asyncio.start_server(serve, "127.0.0.1", port, backlog=1024)
        stopped = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
        await stopped.wait()
        server.close()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])))
