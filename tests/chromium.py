"""Chromium as a reader drives it: over its DevTools protocol, through a pipe, so that no package is needed."""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

PROGRAM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
"""None where there is none; whoever wants it skips then."""

NONE = "there is no Chromium to open the page with"

MOST_SECONDS = 60


class Chromium:
    """One page, and the frames in it. What it asks the network for, and what it complains of, is noted.

    complaints: errors of the console, and errors that no script caught.
    """

    def __init__(self, profile: Path, width: int = 1280, height: int = 900, dark: bool = False) -> None:
        """profile: a folder of its own. width, height: of the window, pixels."""
        self._asked: dict[str, str] = {}
        self.complaints: list[str] = []
        self._width, self._height, self._dark = width, height, dark
        self._profile = profile
        self._frames: dict[str, str] = {}
        self._answers: dict[int, dict[str, Any]] = {}
        self._number, self._unread = 0, b""

    def __enter__(self) -> Self:
        assert PROGRAM
        inward, self._write = os.pipe()
        self._read, outward = os.pipe()
        own = ["--no-sandbox"] if os.geteuid() == 0 else []
        how = [
            "--headless",
            "--remote-debugging-pipe",
            "--hide-scrollbars",
            "--no-first-run",
            f"--user-data-dir={self._profile}",
        ]
        # There is no graphics card: WebGL is drawn by the processor.
        drawn = ["--use-angle=swiftshader", "--enable-unsafe-swiftshader"]

        def places() -> None:  # the program reads from 3 and writes to 4
            low, high = os.dup(inward), os.dup(outward)
            os.dup2(low, 3)
            os.dup2(high, 4)

        self._process = subprocess.Popen(
            [PROGRAM, *how, *own, *drawn, "about:blank"],
            close_fds=False,
            start_new_session=True,
            preexec_fn=places,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(inward)
        os.close(outward)
        (target,) = [one for one in self._ask("Target.getTargets")["targetInfos"] if one["type"] == "page"]
        attached = {"targetId": target["targetId"], "flatten": True}
        self.page = self._ask("Target.attachToTarget", attached)["sessionId"]
        self._watch(self.page)
        self._ask("Page.enable", session=self.page)
        size = {"width": self._width, "height": self._height, "deviceScaleFactor": 1, "mobile": False}
        self._ask("Emulation.setDeviceMetricsOverride", size, self.page)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if self._dark else "light"}
        self._ask("Emulation.setEmulatedMedia", {"features": [scheme]}, self.page)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._tell("Browser.close", {})
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(10)
        finally:
            with suppress(ProcessLookupError):  # those that it started with it
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            os.close(self._read)
            os.close(self._write)

    @property
    def requests(self) -> list[str]:
        """Addresses that were asked for and not refused, but for files and what is written in addresses."""
        return list(self._asked.values())

    def open(self, file: Path) -> None:
        """Opens a file, and waits until it is loaded."""
        self._ask("Page.navigate", {"url": file.resolve().as_uri()}, self.page)
        self.until("document.readyState === 'complete'")

    def value(self, script: str, frame: str = "") -> Any:
        """What an expression is, in the page or in a frame of it; promises are waited for."""
        asked = {"expression": script, "returnByValue": True, "awaitPromise": True}
        found = self._ask("Runtime.evaluate", asked, frame or self.page)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def until(self, script: str, frame: str = "", seconds: float = MOST_SECONDS) -> Any:
        """Waits until an expression is true, and gives it."""
        return self._wait(lambda: self.value(script, frame), script, seconds)

    def begin(self, script: str, frame: str) -> None:
        """Sets `window.tried` of a frame to what an expression becomes, and does not wait: the frame may be gone."""
        asked = {"expression": f"Promise.resolve({script}).then(found => {{ window.tried = found; }}); 0"}
        self._tell("Runtime.evaluate", asked, frame)

    def rest(self, seconds: float) -> None:
        """Lets that time go by, in which the browser is listened to."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._take(0.1)

    @property
    def frames(self) -> list[str]:
        """The frames that are open, as `value` takes them."""
        return list(self._frames.values())

    def frame(self) -> str:
        """The frame that was opened, as `value` takes it."""
        return self._wait(lambda: next(iter(self.frames), ""), "a frame", MOST_SECONDS)

    def click(self, x: float, y: float) -> None:
        """Clicks at a place in the window, pixels."""
        self._ask("Input.dispatchMouseEvent", {"type": "mouseMoved", "x": x, "y": y}, self.page)
        for kind in ("mousePressed", "mouseReleased"):
            event = {"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1}
            self._ask("Input.dispatchMouseEvent", event, self.page)

    def click_on(self, selector: str) -> None:
        """Clicks in the middle of an element of the page, which is scrolled to."""
        place = f"document.querySelector({json.dumps(selector)})"
        self.value(f"{place}.scrollIntoView({{block: 'center', behavior: 'instant'}})")
        x, y = self.value(f"(r => [r.left + r.width / 2, r.top + r.height / 2])({place}.getBoundingClientRect())")
        self.click(x, y)

    def picture(self, file: Path) -> None:
        """What the window shows, as a PNG."""
        file.write_bytes(base64.b64decode(self._ask("Page.captureScreenshot", session=self.page)["data"]))

    def pdf(self, file: Path) -> None:
        """The page as it is printed."""
        file.write_bytes(base64.b64decode(self._ask("Page.printToPDF", session=self.page)["data"]))

    def _wait(self, asked: Callable[[], Any], what: str, seconds: float) -> Any:
        end = time.monotonic() + seconds
        while not (found := asked()):
            assert time.monotonic() < end, f"in vain for {what}: {self.complaints}"
            self._take(0.1)
        return found

    def _watch(self, session: str) -> None:
        """Notes what goes on in a page or frame; frames of it are attached as they come."""
        for domain in ("Network", "Runtime", "Log"):
            self._tell(f"{domain}.enable", {}, session)
        attach = {"autoAttach": True, "waitForDebuggerOnStart": True, "flatten": True}
        self._tell("Target.setAutoAttach", attach, session)

    def _tell(self, method: str, values: dict[str, Any], session: str = "") -> int:
        self._number += 1
        said = {"id": self._number, "method": method, "params": values, **({"sessionId": session} if session else {})}
        os.write(self._write, json.dumps(said).encode() + b"\0")
        return self._number

    def _ask(self, method: str, values: dict[str, Any] | None = None, session: str = "") -> dict[str, Any]:
        number, end = self._tell(method, values or {}, session), time.monotonic() + MOST_SECONDS
        while number not in self._answers:
            assert time.monotonic() < end, f"no answer to {method}"
            self._take(1)
        answer = self._answers.pop(number)
        assert "result" in answer, f"{method}: {answer['error']}"
        return answer["result"]

    def _take(self, seconds: float) -> None:
        """Takes in what the browser says within that time."""
        if not select.select([self._read], [], [], seconds)[0]:
            return
        *whole, self._unread = (self._unread + os.read(self._read, 1 << 20)).split(b"\0")
        for message in map(json.loads, whole):
            if "id" in message:
                self._answers[message["id"]] = message
            else:
                self._note(message["method"], message["params"])

    def _note(self, method: str, said: dict[str, Any]) -> None:
        match method:
            case "Network.requestWillBeSent":
                address = said["request"]["url"]
                if not address.startswith(("file:", "data:", "blob:", "about:")):
                    self._asked[said["requestId"]] = address
            case "Network.loadingFailed" if said.get("blockedReason"):
                self._asked.pop(said["requestId"], None)
            case "Runtime.exceptionThrown":
                details = said["exceptionDetails"]
                self.complaints.append(str(details.get("exception", {}).get("description", details["text"])))
            case "Runtime.consoleAPICalled" if said["type"] in ("error", "assert"):
                self.complaints.append(" ".join(str(one.get("value", one.get("description"))) for one in said["args"]))
            case "Log.entryAdded" if said["entry"]["level"] == "error":
                self.complaints.append(said["entry"]["text"])
            case "Target.attachedToTarget" if said["targetInfo"]["type"] == "iframe":
                self._frames[said["targetInfo"]["targetId"]] = said["sessionId"]
                self._watch(said["sessionId"])
                self._tell("Runtime.runIfWaitingForDebugger", {}, said["sessionId"])
            case "Target.detachedFromTarget":
                self._frames = {key: one for key, one in self._frames.items() if one != said["sessionId"]}
            case _:
                pass
