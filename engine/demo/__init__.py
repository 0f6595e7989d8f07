"""The demo bank: a made-up rural bank around Changchun, told through the same files and verbs as a real one."""
