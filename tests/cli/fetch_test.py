"""fetch of what is right, from a real nginx and a server of our own, both on loopback."""
import json
import os
import random

import program
from fetch_case import FetchTest, sha256
from nginx import Nginx


class Right(FetchTest):
    def test_what_comes_is_on_disk_in_both_ways(self):
        for way in ("event-loop", "threads"):
            paths = ["/ok/a.csv", "/empty", "/chunked", "/close-at-end", "/hops/5", "/longer-than-said"]
            self.fetch(*map(self.url, paths), "--into", way, "--with", way)
            self.assertEqual(self.left(way), ["5", "a.csv", "chunked", "close-at-end", "empty", "longer-than-said"])
            for name, data in [("a.csv", b"/ok/a.csv"), ("empty", b""), ("chunked", b"hello world"), ("5", b"arrived"),
                               ("close-at-end", b"all of it"), ("longer-than-said", b"hello")]:
                self.assertEqual(self.read(f"{way}/{name}"), data)

    def test_the_table_is_in_the_order_of_the_urls_whatever_the_ranks(self):
        paths = [f"/late/{i}.bin" for i in range(5)] + ["/status/404"]
        for ranks in (1, 3):
            self.server.late = 0
            result = self.fetch(*map(self.url, paths), "--into", f"r{ranks}", code=3, ranks=ranks)
            rows = [line.split()[0] for line in result.out.splitlines() if not line.startswith(("file", " ", "total"))]
            self.assertEqual(rows, ["0.bin", "1.bin", "2.bin", "3.bin", "4.bin", "404"], result.out)
            self.assertIn(f"{self.url('/status/404')}: HTTP 404", result.out)
            self.assertIn("total: 5 of 6 files fetched, 1 failed", result.out)
            self.assertIn(f", {ranks} rank", result.out)
            self.assertEqual(result.err.count("concdemo: ["), 6, result.err)
            self.assertIn("concdemo: 1 of 6 could not be fetched", result.err)
            self.assertEqual(result.err.count("could not be fetched"), 1)
            self.assertEqual(self.left(f"r{ranks}"), [f"{i}.bin" for i in range(5)])

    def test_parallel_is_over_all_ranks(self):
        urls = [self.url(f"/late/{i}") for i in range(9)]
        for ranks, parallel in [(1, 2), (3, 4), (4, 2)]:
            self.server.late = self.server.most_running = 0
            self.fetch(*urls, "--parallel", parallel, "--into", f"p{ranks}", ranks=ranks)
            self.assertLessEqual(self.server.most_running, parallel)
            self.assertEqual(len(self.left(f"p{ranks}")), 9)

    def test_more_ranks_than_files_and_quiet(self):
        result = self.fetch(self.url("/ok/one"), "--quiet", ranks=4)
        self.assertEqual((result.out, result.err), ("./one\n", ""))

    def test_names_cannot_leave_the_folder_or_hide(self):
        os.mkdir(self.path("in"))
        for path in ("/ok/..%2f..%2fescaped", "/ok/.bashrc", "/ok/%2e%2e", "/ok/a%1b%5b31m", "/ok/%2Fetc%2Fpasswd"):
            self.fetch(self.url(path), "--into", "in")
        self.assertEqual(self.left("in"), ["_.", "_._.._escaped", "_bashrc", "_etc_passwd", "a_[31m"])
        self.assertEqual(self.left(), ["in"])

    def test_a_list_with_hashes_and_names(self):
        good, bad = sha256(b"/ok/a"), sha256(b"other")
        lines = ["# two", f"{self.url('/ok/a')} sha256={good} name=first.txt", "", f"{self.url('/ok/b')} sha256={bad}"]
        self.write("my.list", "\n".join(lines).encode())
        for ranks in (1, 3):
            result = self.fetch("--list", "my.list", "--into", f"r{ranks}", code=3, ranks=ranks)
            self.assertIn(f"wrong SHA-256: {sha256(b'/ok/b')} came, {bad} was wanted", result.out)
            self.assertEqual(self.left(f"r{ranks}"), ["first.txt"])
        self.assertEqual(self.server.hits["/ok/b"], 2, "a wrong file is not fetched again")

    def test_an_existing_file(self):
        url, data = self.url("/ok/a"), b"/ok/a"
        self.write("a", b"mine")
        self.assertIn("a exists; --force replaces it", self.outcome(url)["reason"])
        self.assertIn("has not this SHA-256", self.outcome(url, "--sha256", sha256(data))["reason"])
        self.assertEqual(self.outcome(url, "--sha256", sha256(b"mine").upper(), code=0)["result"], "already there")
        self.assertEqual(self.server.hits["/ok/a"], 0)
        self.assertEqual(self.read("a"), b"mine")
        os.symlink("nowhere", self.path("b"))
        self.assertIn("b exists", self.outcome(self.url("/ok/b"))["reason"])
        self.assertIn("b exists and is no regular", self.outcome(self.url("/ok/b"), "--sha256", sha256(b"x"))["reason"])
        os.mkfifo(self.path("pipe"))
        self.assertIn("pipe exists and is no regular file", self.outcome(self.url("/pipe"), "--sha256", sha256(b"x"))["reason"])
        os.remove(self.path("pipe"))
        self.fetch(url, "--force")
        self.assertEqual(self.read("a"), data)
        self.assertEqual(self.left(), ["a", "b"])

    def test_the_demo_needs_no_network(self):
        demo = json.loads(self.succeeds("fetch", "--demo", "--json", ranks=3).out)
        self.assertEqual([record["city"] for record in demo["weather"]], ["Lahore", "Karachi", "Islamabad"])
        for part in ("requests", "files"):
            self.assertGreater(demo[part]["serial_s"], demo[part]["parallel_s"])
        self.assertEqual(demo["files"]["ranks"], 3)
        lines = self.succeeds("fetch", "--demo", "--quiet").out.splitlines()
        self.assertEqual([line.split(" = ")[0] for line in lines],
                         [f"{what} {how}" for what in ("requests", "files") for how in ("one after the other", "at once")])
        text = self.succeeds("fetch", "--demo", env={"http_proxy": "http://127.0.0.1:1", "TMPDIR": self.folder}).out
        for word in ("Lahore", "38.5 C", "times as fast", "Why: "):
            self.assertIn(word, text)
        self.assertEqual(self.left(), [])


class RealServer(FetchTest):
    def setUp(self):
        super().setUp()
        self.nginx = Nginx()
        self.addCleanup(self.nginx.stop)
        noise = random.Random(1)
        self.data = {f"file{i:02}.bin": noise.randbytes(noise.randrange(300000)) for i in range(40)}
        for name, data in self.data.items():
            with open(os.path.join(self.nginx.files, name), "wb") as file:
                file.write(data)

    def test_forty_files_on_any_layout(self):
        lines = [f"{self.nginx.url(name)} sha256={sha256(data)}" for name, data in self.data.items()]
        self.write("list", "\n".join(lines).encode())
        for ranks, way in [(1, "event-loop"), (3, "event-loop"), (1, "threads"), (3, "threads")]:
            into = f"{way}{ranks}"
            report = json.loads(self.fetch("--list", "list", "--into", into, "--with", way, "--json", ranks=ranks).out)
            self.assertEqual([file["file"] for file in report["files"]], [f"{into}/{name}" for name in self.data])
            self.assertEqual(report["bytes"], sum(map(len, self.data.values())))
            self.assertEqual(self.left(into), sorted(self.data))
            for name, data in self.data.items():
                self.assertEqual(self.read(f"{into}/{name}"), data)
        again = json.loads(self.fetch("--list", "list", "--into", "threads3", "--json").out)
        self.assertEqual({file["result"] for file in again["files"]}, {"already there"})


if __name__ == "__main__":
    program.main()
