"""fetch on a terminal: bars on stderr, none of it on stdout."""
import program
from fetch_case import FetchTest


class Terminal(FetchTest):
    def on_terminal(self, ranks, paths, *args):
        """What came on stdout, and on the terminal that is its stderr."""
        result = program.run_on_terminal("fetch", *map(self.url, paths), "--into", "in", "--force", *args, ranks=ranks,
                                         cwd=self.folder)
        self.assertEqual(result.code, 0, result.err + result.out)
        return result.out, result.err

    def test_a_bar_for_each_and_a_line_for_all(self):
        for ranks in (1, 3):
            out, screen = self.on_terminal(ranks, ["/late/a", "/late/b", "/busy/1"], "--backoff", "0.3")
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
            self.assertNotIn("\033", self.on_terminal(1, ["/late/a"], *args)[1])
        self.assertNotIn("\033", self.fetch(self.url("/late/b")).err)


if __name__ == "__main__":
    program.main()
