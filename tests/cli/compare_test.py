"""compare: every kind and way at 1, 2 and 3 ranks, its figures, its records, and bad days."""
import http.server
import json
import os
import socket
import threading
import unittest

import program

IN_ONE_PROCESS = ["serial", "threads", "threads, one lock", "OpenMP", "event loop"]
OVER_RANKS = ["serial", "threads", "threads, one lock", "OpenMP", "ranks", "ranks x threads", "event loop"]
SMALL = ("--tasks", 6, "--latency", 1)
FIGURES = ("seconds", "speed_up", "efficiency", "cpu_s")


class Counting(http.server.BaseHTTPRequestHandler):
    """A server of the test's own that counts its requests."""
    requests = 0

    def do_GET(self):
        type(self).requests += 1
        self.send_response(200 if self.path == "/up" else 503)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Compare(program.TestCase):
    def compare(self, *args, **options):
        env = {"TMPDIR": self.folder, **options.pop("env", {})}
        result = self.succeeds("compare", *args, env=env, **options)
        left = [name for name in os.listdir(self.folder) if name.startswith("concdemo")]
        self.assertEqual(left, [], "temporary files are gone")
        return result

    def test_all_kinds_at_1_2_and_3_ranks(self):
        for ranks in (1, 2, 3):
            record = self.compare(*SMALL, "--numbers", "20k", "--json", ranks=ranks).record()
            self.assertEqual(record["workload"], "compare")
            self.assertEqual(record["layout"]["ranks"], ranks)
            self.assertEqual([kind["kind"] for kind in record["kinds"]], ["cpu", "http", "file", "sleep"])
            self.assertEqual(record["left_out"]["kinds"], [])
            self.assertEqual([out["way"] for out in record["left_out"]["ways"]],
                             ["ranks", "ranks x threads"] if ranks == 1 else [])
            for kind in record["kinds"]:
                self.assertEqual([way["way"] for way in kind["ways"]], IN_ONE_PROCESS if ranks == 1 else OVER_RANKS)
                self.assertEqual(kind["tasks"], 6)
                serial = kind["ways"][0]
                self.assertEqual((serial["workers"], serial["speed_up"], serial["efficiency"]), (1, 1, 1))
                for way in kind["ways"]:
                    for name in FIGURES:
                        self.assertGreaterEqual(way[name], 0, way)
                    self.assertAlmostEqual(way["speed_up"], serial["seconds"] / way["seconds"], places=6)
                    self.assertAlmostEqual(way["efficiency"], way["speed_up"] / way["workers"], places=6)
            self.assertEqual(len(record["advice"]), 5)

    def test_the_table_and_the_advice(self):
        result = self.compare(*SMALL, "--kind", "sleep", "--workers", 3)
        for word in ("sleep: 6 tasks, each a sleep of 1.00 ms", "efficiency", "event loop", "mpirun -n 2",
                     "How do I choose?"):
            self.assertIn(word, result.out)
        result = self.compare(*SMALL, "--kind", "sleep", "--workers", 3, "--threads", 2, ranks=2)
        self.assertNotIn("mpirun", result.out)
        workers = {line[2:19].strip(): line[19:28].strip() for line in result.out.split("\n") if line.startswith("  ")}
        self.assertEqual(workers["threads"], "3")
        self.assertEqual(workers["ranks x threads"], "4")

    def test_an_event_loop_that_waits_has_no_efficiency_and_quiet_has_results_alone(self):
        out = self.compare(*SMALL, "--kind", "sleep").out
        self.assertRegex(out, r"\n  event loop +1 .* x +- +[0-9.]+ [mun]?s\n")
        for ranks in (1, 2):
            out = self.compare(*SMALL, "--kind", "sleep", "--task-us", "5", "--quiet", ranks=ranks).out
            for line in out.splitlines():
                self.assertRegex(line, r"^(sleep, .* = .*s, \d+\.\d\d x|5\.00 us, .* = \d+ %)$")
            self.assertEqual(len(out.splitlines()), 2 * len(IN_ONE_PROCESS if ranks == 1 else OVER_RANKS))

    def test_more_workers_and_ranks_than_tasks(self):
        for ranks in (1, 3):
            record = self.compare("--tasks", 1, "--numbers", 1000, "--latency", 0, "--workers", 5, "--json",
                                  ranks=ranks).record()
            self.assertEqual(len(record["kinds"]), 4)

    def test_grain(self):
        for ranks in (1, 2):
            record = self.compare("--task-us", "10,1", "--tasks", 50, "--json", ranks=ranks).record()
            self.assertEqual(record["kinds"], [])
            grain = record["grain"]
            self.assertEqual(grain["task_us"], [1, 10])
            self.assertEqual([size["tasks"] for size in grain["sizes"]], [50, 50])
            self.assertGreater(grain["sizes"][1]["each"]["steps"], grain["sizes"][0]["each"]["steps"])
            self.assertEqual(grain["smallest"][0]["text"], "below 1.00 us")
            self.assertEqual(len(grain["smallest"]), 5 if ranks == 1 else 7)
        self.assertIn("50 % from", self.compare("--task-us", "5", "--tasks", 20).out)

    def test_records(self):
        for _ in range(2):
            self.compare("--kind", "sleep", *SMALL, "--task-us", "1", "--record", "r.json")
        with open(self.path("r.json")) as file:
            records = [json.loads(line) for line in file]
        self.assertEqual([record["way"] for record in records], 4 * IN_ONE_PROCESS)
        self.assertEqual([record["kind"] for record in records], 2 * (5 * ["sleep"] + 5 * ["spin"]))
        for record in records:
            self.assertEqual((record["schema"], record["workload"]), (1, "compare"))
            self.assertEqual(len(record["seconds"]["samples"]), 3)
            self.assertEqual(record["seconds"]["min"], min(record["seconds"]["samples"]))
            self.assertIn("host", record["environment"])

    def test_a_server_of_ones_own_is_asked_once_a_task_and_way(self):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Counting)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        Counting.requests = 0
        record = self.compare("--kind", "http", "--tasks", 3, "--url", url + "/up", "--json").record()
        self.assertEqual(Counting.requests, 3 * len(record["kinds"][0]["ways"]))
        result = self.compare("--kind", "http", "--tasks", 1, "--url", url.replace("//", "//anna:secret@") + "/up")
        self.assertIn(url + "/up", result.out)
        self.assertNotIn("secret", result.out + result.err)
        for ranks in (1, 2):
            self.fails(3, "compare", "--kind", "http", "--tasks", 3, "--url", url + "/down", says=["/down", "503"],
                       ranks=ranks)

    def test_bad_days(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))  # bound but not listening: refused
            url = f"http://127.0.0.1:{free.getsockname()[1]}/"
            for ranks in (1, 2):
                self.fails(3, "compare", "--kind", "http", "--url", url, says=url, ranks=ranks)
        # Open MPI would make the folder that TMPDIR names.
        elsewhere = {"TMPDIR": self.path("missing"), "OMPI_MCA_orte_tmpdir_base": "/tmp"}
        for ranks in (1, 3):
            self.fails(2, "compare", "--kind", "file", says="TMPDIR", ranks=ranks, env=elsewhere)
        self.assertEqual(os.listdir(self.folder), [])

    def test_bad_options(self):
        for args, says in (
            (("--kind", "gpu"), "gpu"),
            (("--tasks", 0), "--tasks"),
            (("--numbers", 0), "--numbers"),
            (("--numbers", "1G"), "1G"),
            (("--workers", 0), "--workers"),
            (("--latency", "nan"), "nan"),
            (("--task-us", "0"), "--task-us"),
            (("--task-us", "nan"), "--task-us"),
            (("--task-us", "1,x"), "--task-us 1,x: give 1 to 12 sizes in microseconds"),
            (("--url", "ftp://x/"), "ftp"),
            (("--kind", "cpu", "--url", "http://127.0.0.1/"), "--url"),
            (("--kind", "cpu", "--latency", 3), "--latency"),
            (("--kind", "sleep", "--numbers", 3), "--numbers"),
            (("--task-us", "1", "--numbers", 3), "--numbers"),
            (("--kind", "cpu", "--record", "missing/r.json"), "missing/r.json"),
        ):
            self.fails(2, "compare", *args, says=says)
        self.fails(2, "compare", "--task-us", "-1", says="--task-us", ranks=3)


if __name__ == "__main__":
    program.main()
