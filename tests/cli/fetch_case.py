"""What the tests of fetch share: each has a server that misbehaves."""
import glob
import hashlib
import json
import os
import time

import program
from misbehaving_server import MisbehavingServer

QUICK = ("--backoff", "0.02", "--timeout", "1")


def sha256(data):
    return hashlib.sha256(data).hexdigest()


class FetchTest(program.TestCase):
    def setUp(self):
        super().setUp()
        self.server = MisbehavingServer()
        self.addCleanup(self.server.stop)

    def url(self, path):
        return self.server.url(path)

    def left(self, folder="."):
        """The files that are there."""
        return sorted(os.listdir(self.path(folder)))

    def wait_for(self, *patterns):
        for _ in range(500):
            if all(glob.glob(self.path(pattern)) for pattern in patterns):
                return
            time.sleep(0.02)
        self.fail(f"{patterns} did not come up")

    def write(self, name, data):
        with open(self.path(name), "wb") as file:
            file.write(data)
        return self.path(name)

    def fetch(self, *args, code=0, **options):
        result = program.run("fetch", *QUICK, *args, cwd=self.folder, **options)
        self.assertEqual(result.code, code, f"{args}: {result.err}\n{result.out}")
        return result

    def outcome(self, *args, code=3, **options):
        """Of one URL in JSON."""
        return json.loads(self.fetch(*args, "--json", code=code, **options).out)["files"][0]

    def refused(self, expected, *args):
        """All URLs in one run, in both ways: {url: (reason, attempts)}. Not a file is left."""
        for way in ("event-loop", "threads"):
            result = self.fetch(*expected, *args, "--into", "refused", "--with", way, "--json", code=3)
            for file, (url, (reason, attempts)) in zip(json.loads(result.out)["files"], expected.items()):
                self.assertEqual((file["result"], file["attempts"]), ("failed", attempts), file)
                self.assertIn(reason, file["reason"], url)
            self.assertEqual(self.left("refused"), [])
