"""fetch when servers, certificates, disks and people misbehave. Every failure is reported and leaves nothing behind."""
import os
import signal
import ssl
import subprocess
import time

import program
import launcher
from fetch_case import FetchTest, sha256
from misbehaving_server import MisbehavingServer
from nginx import free_port


class Servers(FetchTest):
    def test_what_passes_is_tried_again(self):
        for path, attempts in [("/busy/2", 3), ("/cut-once", 2)]:
            outcome = self.outcome(self.url(path), code=0)
            self.assertEqual((outcome["result"], outcome["attempts"], outcome["status"]), ("fetched", attempts, 200))
        self.assertEqual(self.read("cut-once"), b"y" * 100, "nothing of the first attempt is left")
        result = self.fetch(self.url("/busy/1/1"), "--into", "asked")
        self.assertIn("HTTP 503; attempt 2 of 4 in 1.00 s", result.err)
        self.assertGreater(result.seconds, 1, "Retry-After was not heeded")

    def test_bodies_and_servers_that_do_not_come(self):
        self.refused({
            self.url("/busy/99"): ("HTTP 503", 2),
            self.url("/cut"): ("cut off after 500 of 1000 bytes", 2),
            self.url("/cut-chunked"): ("cut off after 5 bytes", 2),
            self.url("/stalls"): ("no progress for 1 s", 2),
            self.url("/says-nothing"): ("Empty reply", 2),
            f"http://127.0.0.1:{free_port()}/x": ("127.0.0.1", 2),
            "http://nowhere.invalid/y": ("nowhere.invalid", 2),
        }, "--retries", "1")
        self.assertEqual(self.server.hits["/busy/99"], 4)
        self.assertEqual(self.outcome(self.url("/busy/99"), "--retries", "0")["attempts"], 1)

    def test_what_will_not_change_is_not_tried_again(self):
        secret = self.write("secret", b"secret")
        self.refused({
            **{self.url(f"/status/{status}"): (f"HTTP {status}", 1) for status in (204, 206, 304, 401, 404, 410)},
            self.url("/huge-error"): ("HTTP 404", 1),
            self.url(f"/to/file://{secret}"): ("redirected to what is not allowed", 1),
            self.url("/to/ftp://127.0.0.1/other"): ("redirected to what is not allowed", 1),
            self.url("/loop"): ("more than 5 redirects", 1),
            self.url("/hops/6"): ("more than 5 redirects", 1),
        })

    def test_credentials_in_an_unusable_url_stay_off_the_screen(self):
        for url in ("anna:secret@host/a", "ftp://anna:secret@host/a", "http://anna:sec ret@ho st/a",
                    "http://anna:secret/x@host:port/a"):
            result = self.fetch(url, code=2)
            self.assertIn("@ho", result.err)
            self.assertNotIn("secret", result.err)
            self.assertNotIn("anna", result.err)

    def test_credentials_of_an_unusable_proxy_stay_off_the_screen(self):
        for proxy in ("http://anna:secret@[x", "anna:secret@host:port", "http://anna:secret@nowhere.invalid:80"):
            result = self.fetch("http://example.org/a", "--retries", "0", code=3, env={"http_proxy": proxy})
            self.assertIn("the proxy that http_proxy", result.out)
            self.assertNotIn("secret", result.out + result.err)

    def test_credentials_stay_with_their_host_and_off_the_screen(self):
        own = self.server.url("/credentials", host="anna:secret@127.0.0.1")
        elsewhere = self.server.url("/credentials2", host="localhost")
        other = self.server.url(f"/to/{elsewhere}", host="anna:secret@127.0.0.1")
        result = self.fetch(own)
        self.assertTrue(self.read("credentials").startswith(b"basic"))
        self.assertNotIn("secret", result.out + result.err)
        self.fetch(other, "--into", "other")
        self.assertEqual(self.read("other/credentials2"), b"none")

    def test_size_limits(self):
        large = ("larger than the limit of 10 bytes", 1)
        paths = ("/huge-said", "/huge-unsaid", "/chunked")
        self.refused({self.url(path): large for path in paths}, "--max-bytes", "10")
        self.fetch(self.url("/chunked"), "--max-bytes", "11")


class Certificates(FetchTest):
    def setUp(self):
        super().setUp()
        self.certificate = self.path("own.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                        "-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", self.path("own.key"),
                        "-out", self.certificate], check=True, capture_output=True)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(self.certificate, self.path("own.key"))
        self.secure = MisbehavingServer(tls)
        self.addCleanup(self.secure.stop)

    def test_only_those_that_are_trusted(self):
        self.refused({self.secure.url("/ok/a"): ("certificate", 1)})
        self.refused({
            self.secure.url("/ok/a", host="localhost"): ("localhost", 1),  # not the name in the certificate
            self.secure.url("/to/" + self.url("/ok/b")): ("redirected to what is not allowed", 1),  # back to plain http
            self.secure.url("/to/" + self.url("/ok/c")).replace("https:", "Https:"): (
                "redirected to what is not allowed", 1),
        }, "--ca-file", self.certificate)
        self.fetch(self.secure.url("/ok/a"), self.url("/to/" + self.secure.url("/ok/up")),
                   "--ca-file", self.certificate)
        self.assertEqual((self.read("a"), self.read("up")), (b"/ok/a", b"/ok/up"))


class Disks(FetchTest):
    def test_a_disk_that_takes_no_more_fails_that_file_alone(self):
        limited = ("bash", "-c", 'ulimit -f 40000; exec "$@"', "limited")
        result = self.fetch(self.url("/huge-unsaid"), self.url("/ok/a"), "--into", "in", code=3, prefix=limited)
        self.assertIn("cannot write in/huge-unsaid: File too large", result.out)
        self.assertEqual(self.left("in"), ["a"])

    def test_a_folder_that_cannot_be(self):
        self.write("file", b"")
        for into in ("file", "file/below"):
            self.fails(2, "fetch", self.url("/ok/a"), "--into", into, says=f"--into {into}: not a folder")

    def test_signals_leave_whole_files_only(self):
        urls = [self.url("/ok/whole"), self.url("/stalls"), self.url("/huge-said"), self.url("/busy/99/60")]
        launched = [*launcher.launch(3), program.CONCDEMO]
        for command, number in [([program.CONCDEMO], signal.SIGINT), ([program.CONCDEMO], signal.SIGTERM),
                                (launched, signal.SIGTERM)]:
            for way in ("event-loop", "threads"):
                process = subprocess.Popen([*command, "fetch", *urls, "--with", way, "--into", "in"], cwd=self.folder,
                                           stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
                self.wait_for("in/whole", "in/stalls.concdemo-*.part", "in/huge-said.concdemo-*.part")
                process.send_signal(number)
                err = process.communicate(timeout=10)[1]
                if command is not launched:
                    self.assertEqual(process.returncode, -number)
                    self.assertIn("unfinished files are removed", err)
                self.assertNotEqual(process.returncode, 0)
                for _ in range(100):  # ranks may outlive a launcher by a moment
                    if self.left("in") == ["whole"]:
                        break
                    time.sleep(0.02)
                self.assertEqual(self.left("in"), ["whole"], (command, way, err))
                os.remove(self.path("in/whole"))


class Usage(FetchTest):
    def test_what_cannot_be_meant_is_refused_before_anything_is_fetched(self):
        a, b = self.url("/ok/a"), self.url("/ok/b")
        self.write("empty.list", b"# nothing\n")
        self.write("bad.list", f"{a}\nhttp://h/x sha256=12\n".encode())
        for args, says in [
            ([], ["no URL to fetch", "--demo"]),
            (["example.org/x"], ["example.org/x", "https://"]),
            (["ftp://h/x"], ["ftp://h/x", "only http and https"]),
            ([a, a], ["the same URL twice", a]),
            ([a, self.url("/ok/deep/a")], [a, self.url("/ok/deep/a"), "'a'"]),
            ([a, b, "--sha256", sha256(b"")], ["--sha256 is for one URL"]),
            ([a, "--sha256", "12"], ["--sha256: '12' is not a SHA-256"]),
            ([a, "--max-bytes", "much"], ["--max-bytes", "much"]),
            ([a, "--parallel", "0"], ["--parallel"]),
            ([a, "--ca-file", "missing.pem"], ["--ca-file missing.pem"]),
            (["--list", "missing.list"], ["--list missing.list"]),
            (["--list", "empty.list"], ["--list empty.list: no URL in it"]),
            (["--list", "bad.list"], ["bad.list:2", "'12'"]),
            ([a, "--demo"], ["--demo"]),
        ]:
            self.fails(2, "fetch", *args, says=says)
        self.fails(2, "fetch", a, a, says="the same URL twice", ranks=3)
        self.fails(2, "fetch", "--list", "missing.list", says="missing.list", ranks=3)
        self.assertEqual(sum(self.server.hits.values()), 0)


if __name__ == "__main__":
    program.main()
