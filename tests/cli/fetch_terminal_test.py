"""fetch on a terminal: bars on stderr, none of it on stdout."""
import os
import pty
import subprocess

import program
from fetch_case import FetchTest


class Terminal(FetchTest):
    def on_terminal(self, command, paths, *args):
        """Its stderr is a terminal, its stdout a pipe: what came on either."""
        leader, follower = pty.openpty()
        process = subprocess.Popen([*command, "fetch", *map(self.url, paths), "--into", "in", "--force", *args],
                                   cwd=self.folder, stdout=subprocess.PIPE, stderr=follower, text=True)
        os.close(follower)
        screen = b""
        try:
            while piece := os.read(leader, 65536):
                screen += piece
        except OSError:  # nobody writes to it any more
            pass
        os.close(leader)
        out = process.communicate()[0]
        self.assertEqual(process.returncode, 0, screen + out.encode())
        return out, screen.decode()

    def test_a_bar_for_each_and_a_line_for_all(self):
        for command in ([program.CONCDEMO], [program.MPIEXEC, "--oversubscribe", "-n", "3", program.CONCDEMO]):
            out, screen = self.on_terminal(command, ["/late/a", "/late/b", "/busy/1"], "--backoff", "0.3")
            self.assertNotIn("\033", out)
            self.assertIn("total: 3 of 3 files fetched", out)
            self.assertRegex(screen, r"\na +\[\.+\] +0 B")
            self.assertRegex(screen, r"\[#+-+\] [12] of 3 files, ")
            self.assertIn("1: HTTP 503; attempt 2 of 4", screen)
            self.assertRegex(screen, r"\033\[\d+A\033\[J[^\n]*$", "the last bar is cleared")
            self.server.late = 0
            self.server.hits.clear()

    def test_none_where_it_is_not_wanted(self):
        for args in (["--progress", "off"], ["--quiet"]):
            self.assertNotIn("\033", self.on_terminal([program.CONCDEMO], ["/late/a"], *args)[1])
        self.assertNotIn("\033", self.fetch(self.url("/late/b")).err)


if __name__ == "__main__":
    program.main()
