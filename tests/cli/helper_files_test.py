"""Files beside the one that was asked for, FILE.partial, FILE.lock, FILE.checkpoint, FILE.xmf, and files of records: ours
are taken, whatever else stands there is refused and stays as it is."""
import json
import os
import shutil
import socket
import stat
import subprocess
import unittest

import h5py
import numpy

import program
from fetch_case import FetchTest

SQUARE = ("run", "square", "--size", "10")
HEAT = ("run", "heat", "--size", "6x5", "--steps", "12", "--snapshot-every", "2", "--checkpoint-every", "1",
        "--writer", "sync")
BESIDE = ("t.h5.partial", "t.h5.lock", "t.h5.checkpoint", "t.xmf", "t.xmf.partial")
NOBODY = 65534


class HelperFiles(program.TestCase):
    def standing(self):
        """All that stands in the folder, and would show a change."""
        found = {}
        for name in sorted(os.listdir(self.folder)):
            status = os.lstat(self.path(name))
            data = self.read(name) if stat.S_ISREG(status.st_mode) else None
            found[name] = (status.st_ino, status.st_mode, status.st_nlink, status.st_uid, status.st_mtime_ns, data)
        return found

    def clear(self):
        shutil.rmtree(self.folder)
        os.mkdir(self.folder)

    def refused(self, args, says, **options):
        before = self.standing()
        self.fails(2, *args, says=says, **options)
        self.assertEqual(self.standing(), before, (args, says))

    def leftovers(self):
        """{name: contents} of what runs that were killed leave beside t.h5, and an unfinished t.h5."""
        found = {}
        for point in ("rename:1", "xdmf:2", "checkpoint_commit:3"):
            self.clear()
            self.killed(f"{point}:kill", *HEAT, "--output", "t.h5")
            found.update({name: self.read(name) for name in os.listdir(self.folder)})
        self.clear()
        self.killed("skeleton:1:kill", *HEAT, "--output", "t.h5")
        found["t.h5.partial"] = self.read("t.h5.partial")  # with the mark, not yet with the header
        found["t.xmf.partial"] = found["t.xmf"]
        self.clear()
        return found

    def foreign(self, ours):
        """{what: how it is made} of what may stand somewhere; `ours`: what of ours would stand there."""
        def text(data):
            return lambda name: self.put(name, data)

        def hdf5(name):
            with h5py.File(self.path(name), "w", userblock_size=4096) as file:
                file["mine"] = numpy.arange(5)

        def hard_link(name):
            self.put("mine", ours)
            os.link(self.path("mine"), self.path(name))

        def socket_at(name):
            with socket.socket(socket.AF_UNIX) as end:
                end.bind(self.path(name))

        return {"a table": text(b"city,degrees\nLahore,38.5\n"), "zeros": text(bytes(100000)),
                "a mark without its end": text(ours[:12] + b"!" * 5000), "HDF5": hdf5, "a hard link": hard_link,
                "a symbolic link": lambda name: os.symlink("nowhere", self.path(name)),
                "a folder": lambda name: os.mkdir(self.path(name)), "a pipe": lambda name: os.mkfifo(self.path(name)),
                "a socket": socket_at}

    def test_what_is_not_ours_is_refused_and_stays(self):
        ours = self.leftovers()
        for name in BESIDE:
            for number, (what, make) in enumerate(self.foreign(ours[name]).items()):
                commands = [(*HEAT, "--output", "t.h5")]
                if name == "t.h5.partial":
                    commands.append((*SQUARE, "--output", "t.h5"))
                elif number % 3 == 0:
                    commands = [("resume", "t.h5"), (*HEAT, "--output", "t.h5", "--force")]
                for args in commands:
                    with self.subTest(name=name, what=what, args=args):
                        if args[0] == "resume" or "--force" in args:
                            self.put("t.h5", ours["t.h5"])
                        make(name)
                        self.refused(args, [name, "move it away"])
                        if number == 0:
                            self.refused(args, [name], ranks=3)
                    self.clear()

    def test_the_tour_is_refused_before_it_computes(self):
        ours = self.leftovers()["t.h5.partial"]
        for what, make in list(self.foreign(ours).items())[::2]:
            with self.subTest(what=what):
                make("concdemo.h5.partial")
                self.refused(("--quiet",), ["concdemo.h5.partial", "move it away"])
                self.clear()

    def test_what_killed_runs_left_is_taken(self):
        self.succeeds(*HEAT, "--output", "t.h5")
        expected = self.read("t.h5"), self.read("t.xmf")
        for point in ("skeleton:1", "fsync:1", "rename:1", "folder:1", "commit:1", "xdmf:1", "xdmf:2",
                      "checkpoint:1", "checkpoint_commit:1", "checkpoint_commit:2", "end_sync:1"):
            self.clear()
            self.killed(f"{point}:kill", *HEAT, "--output", "t.h5")
            goes_on = point.startswith(("xdmf:2", "checkpoint_commit", "end"))
            self.succeeds(*(("resume", "t.h5") if goes_on else (*HEAT, "--output", "t.h5", "--force")),
                          ranks=3 if point in ("rename:1", "checkpoint_commit:2") else 1)
            self.assertEqual(sorted(os.listdir(self.folder)), ["t.h5", "t.xmf"], point)
            self.assertEqual((self.read("t.h5"), self.read("t.xmf")), expected, point)

    def test_what_a_power_cut_leaves_of_a_mark_is_taken(self):
        ours = self.leftovers()
        for name in BESIDE:
            for part in (b"", bytes(40)):
                self.put(name, part)
                self.succeeds(*HEAT, "--output", "t.h5", "--quiet")
                self.assertEqual(sorted(os.listdir(self.folder)), ["t.h5", "t.xmf"], name)
                self.clear()
        # As an earlier version left them: a lock without a word, a checkpoint without a mark.
        checkpoint = bytearray(ours["t.h5.checkpoint"])
        checkpoint[512:4096] = bytes(4096 - 512)
        self.put("t.h5", ours["t.h5"])
        self.put("t.h5.lock", b"")
        self.put("t.h5.checkpoint", checkpoint)
        result = self.succeeds("resume", "t.h5")
        self.assertNotIn("ignored", result.err)
        self.assertEqual(sorted(os.listdir(self.folder)), ["t.h5", "t.xmf"])

    def test_another_users_files(self):
        if os.geteuid() != 0:
            self.skipTest("giving a file to another user needs root")
        ours = self.leftovers()
        for name in BESIDE:
            for ranks in (1, 3):
                self.put(name, ours[name])
                os.chmod(self.path(name), 0o666)
                os.chown(self.path(name), NOBODY, NOBODY)
                self.refused((*HEAT, "--output", "t.h5"), [name, "another user"], ranks=ranks)
            self.clear()
        self.succeeds()
        os.chown(self.path("concdemo.h5"), NOBODY, NOBODY)
        self.refused(("--quiet",), ["concdemo.h5", "--force"])

    def test_a_sticky_folder(self):
        other = ("setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups")
        if os.geteuid() != 0 or subprocess.run([*other, program.CONCDEMO, "--version"], capture_output=True).returncode != 0:
            self.skipTest("trying it as another user needs root, and a program that they can start")
        os.chmod(self.folder, 0o1777)
        self.put("t.h5", b"root's")
        self.refused((*SQUARE, "--output", "t.h5", "--force"), ["t.h5", "another user"], prefix=other)
        self.refused((*SQUARE, "--output", "t.h5"), "exists", prefix=other)
        self.succeeds(*SQUARE, "--output", "u.h5", prefix=other)
        self.assertEqual(os.stat(self.path("u.h5")).st_uid, NOBODY)

    def test_inputs_are_not_what_is_replaced(self):
        with h5py.File(self.path("x"), "w") as file:
            file["x"] = [1.0, 2.0]
        for name in ("t.h5", "t.h5.partial", "t.h5.lock", "t.h5.checkpoint", "t.xmf", "t.xmf.partial"):
            os.rename(self.path("x"), self.path(name))
            for ranks in (1, 3):
                self.refused(("run", "square", "--input", name, "--output", "t.h5", "--force"), name, ranks=ranks)
            os.rename(self.path(name), self.path("x"))
        os.symlink("x", self.path("t.h5"))
        os.mkdir(self.path("below"))
        os.link(self.path("x"), self.path("below/y"))
        for name in ("t.h5", "./x", "below/../x", self.path("x"), "below/y"):
            self.refused(("run", "square", "--input", "x", "--output", name, "--force"), "is the file that is read")
        with h5py.File(self.path("v"), "w") as file:
            layout = h5py.VirtualLayout((2,), "f8")
            layout[:] = h5py.VirtualSource(self.path("x"), "x", (2,))
            file.create_virtual_dataset("v", layout)
        self.refused(("run", "square", "--input", "v", "--output", "t.h5", "--force"), "is the file that is read")
        os.symlink("x", self.path("u.h5.partial"))
        self.refused(("run", "square", "--input", "x", "--output", "u.h5"), "u.h5")

    def test_records(self):
        with h5py.File(self.path("x.h5"), "w") as file:
            file["x"] = [1.0, 2.0]
        os.mkdir(self.path("below"))
        for name in ("t.h5", *BESIDE, "./t.h5.lock", "below/../t.xmf", self.path("t.h5.checkpoint"), "x.h5"):
            for ranks in (1, 3) if name in BESIDE else (1,):
                self.refused(("run", "square", "--input", "x.h5", "--output", "t.h5", "--record", name), "--record",
                             ranks=ranks)
        self.succeeds("run", "sum", "--size", "5", "--record", "old")
        line = self.read("old")
        os.symlink("old", self.path("link"))
        os.link(self.path("old"), self.path("other"))
        for name in ("link", "other", "below/../old"):
            self.refused((*SQUARE, "--output", "old", "--force", "--record", name), "--record")
        self.succeeds("run", "sum", "--size", "5", "--record", "link")
        self.assertEqual([json.loads(text)["schema"] for text in self.read("other").splitlines()], [1, 1])
        for number, data in enumerate((b'{"a":1}\n', b'{"schema":2,"workload":"sum"}\n', b"{", b'{"schema":1,"name":"x"}\n',
                                       line[:5], b"text", bytes(50))):
            self.put("mine", data)
            self.refused(("run", "sum", "--size", "5", "--record", "mine"), ["mine", "records"],
                         ranks=3 if number == 0 else 1)
        self.refused(("resume", "x.h5", "--record", "x.h5.lock"), "--record")
        # What is refused later leaves no empty file of records.
        self.put("t.h5.partial", b"mine")
        self.refused((*SQUARE, "--output", "t.h5", "--record", "new"), "t.h5.partial", ranks=3)
        self.refused(("resume", "mine", "--record", "new"), "mine")

    def test_what_is_replaced_keeps_its_permissions(self):
        runs = ((*SQUARE, "--force"), (*HEAT, "--force"))
        for args in runs:
            for mode in (0o600, 0o640, 0o664, 0o666, 0o444, 0o755):
                self.put("t.h5", b"old")
                os.chmod(self.path("t.h5"), mode)
                os.setxattr(self.path("t.h5"), "user.note", b"mine")
                if os.geteuid() == 0:
                    os.chown(self.path("t.h5"), NOBODY, NOBODY)
                self.succeeds(*args, "--output", "t.h5", "--quiet")
                status = os.stat(self.path("t.h5"))
                goes_on = 0o600 if args[1] == "heat" else 0  # to be resumed, it is written to
                self.assertEqual(stat.S_IMODE(status.st_mode), mode | goes_on, (args, oct(mode)))
                self.assertEqual(os.getxattr(self.path("t.h5"), "user.note"), b"mine")
                if os.geteuid() == 0:
                    self.assertEqual((status.st_uid, status.st_gid), (NOBODY, NOBODY))
                os.remove(self.path("t.h5"))
        self.succeeds(*SQUARE, "--output", "real.h5", prefix=("sh", "-c", 'umask 027; exec "$@"', "sh"))
        self.assertEqual(stat.S_IMODE(os.stat(self.path("real.h5")).st_mode), 0o640)
        os.chmod(self.path("real.h5"), 0o600)
        os.symlink("real.h5", self.path("link.h5"))
        os.link(self.path("real.h5"), self.path("kept.h5"))
        old = self.read("kept.h5")
        self.succeeds("run", "square", "--size", "20", "--output", "link.h5", "--force")
        self.assertTrue(os.path.islink(self.path("link.h5")))  # what it names is replaced
        self.assertEqual(stat.S_IMODE(os.stat(self.path("real.h5")).st_mode), 0o600)
        with h5py.File(self.path("real.h5")) as file:
            self.assertEqual(len(file["y"]), 20)
        self.assertEqual(self.read("kept.h5"), old)

    def test_a_planted_leftover_is_not_adopted(self):
        ours = self.leftovers()["t.h5.partial"]
        self.put("t.h5.partial", ours)
        os.chmod(self.path("t.h5.partial"), 0o666)
        with open(self.path("t.h5.partial"), "rb") as planted:  # who holds it does not see what is written
            self.succeeds(*SQUARE, "--output", "t.h5", prefix=("sh", "-c", 'umask 022; exec "$@"', "sh"))
            self.assertEqual(planted.read(), ours)
        self.assertEqual(stat.S_IMODE(os.stat(self.path("t.h5")).st_mode), 0o644)


class Downloads(FetchTest):
    def test_parts_of_others_stay(self):
        mine = {"a.part": b"mine", "a.partial": b"mine", "a.concdemo-1234.part": b"mine", "concdemo-0123abcd.part": b"mine"}
        for name, data in mine.items():
            self.write(name, data)
        for ranks in (1, 3):
            self.fetch(self.url("/ok/a"), self.url("/ok/b"), "--force", ranks=ranks)
            self.assertEqual((self.read("a"), self.read("b")), (b"/ok/a", b"/ok/b"))
            self.assertEqual({name: self.read(name) for name in mine}, mine)
            self.assertEqual(self.left(), sorted([*mine, "a", "b"]))

    def test_what_a_killed_one_left_goes_and_what_is_being_written_stays(self):
        with subprocess.Popen([program.CONCDEMO, "fetch", self.url("/stalls"), "--quiet"], cwd=self.folder,
                              stderr=subprocess.DEVNULL) as first:
            self.wait_for("stalls.concdemo-*.part")
            self.fetch(self.url("/ok/a"))
            self.assertEqual(len(self.left()), 2)
            first.kill()
            first.wait()
        self.fetch(self.url("/ok/b"), ranks=3)
        self.assertEqual(self.left(), ["a", "b"])

    def test_what_is_replaced(self):
        self.write("a", b"old")
        os.chmod(self.path("a"), 0o600)
        self.fetch(self.url("/ok/a"), "--force")
        self.assertEqual(stat.S_IMODE(os.stat(self.path("a")).st_mode), 0o600)
        self.write("urls", f"{self.url('/ok/a')} name=urls\n".encode())
        for ranks in (1, 3):
            self.fails(2, "fetch", "--list", "urls", "--force", says=["urls", "--list"], ranks=ranks)
        self.fails(2, "fetch", self.url("/ok/a"), "--list", "a", says="a:1")
        self.assertEqual(self.left(), ["a", "urls"])


if __name__ == "__main__":
    program.main()
