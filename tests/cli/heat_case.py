"""What tests of files of snapshots share: a small run of heat, whole or killed."""
import program

HEAT = ("run", "heat", "--size", "30x20", "--steps", 100, "--snapshot-every", 25, "--quiet", "--output")


class HeatTest(program.TestCase):
    def make(self, name, fault=None, *options):
        """The contents of a file of 5 snapshots, or of what a run left that was killed there."""
        if fault:
            self.killed(fault, *HEAT, name, *options)
        else:
            self.succeeds(*HEAT, name, *options)
        return self.read(name)
