"""The comparison of documents with outputs, with the faults that it is there to find."""
import unittest

from shown_output import first_difference, shown_in, without_time

PRINTED = "a: mixed\n\nverdict  bits\nmixed      80\n\n  witness\n  [0, 1]\n  [0, 2]\n\nthreshold; 2 MB in 3 ms\n"
DOCUMENT = "Text\n\n```text\n$ candor audit a\n" + PRINTED.rsplit("\n\n", 1)[0] + "\n```\n"
COMMAND = "candor audit a"


def difference(document):
    return first_difference(shown_in(document, COMMAND), without_time(PRINTED))


class ShownOutputTest(unittest.TestCase):
    def test_the_whole_output_is_the_same(self):
        self.assertEqual(difference(DOCUMENT), "")

    def test_planted_faults_are_found(self):
        for what, fault in {"a line left out": DOCUMENT.replace("  [0, 1]\n", ""),
                            "the last line left out": DOCUMENT.replace("  [0, 2]\n", ""),
                            "a line too many": DOCUMENT.replace("  [0, 2]\n", "  [0, 2]\n  [0, 3]\n"),
                            "another order": DOCUMENT.replace("  [0, 1]\n  [0, 2]", "  [0, 2]\n  [0, 1]"),
                            "a changed number": DOCUMENT.replace("80", "81"),
                            "an empty line left out": DOCUMENT.replace("80\n\n", "80\n")}.items():
            with self.subTest(what):
                self.assertNotEqual(fault, DOCUMENT)
                self.assertNotEqual(difference(fault), "")

    def test_a_command_that_is_not_shown_once_is_an_error(self):
        for document in ("", DOCUMENT.replace("audit a", "audit b"), DOCUMENT + DOCUMENT):
            self.assertRaises(ValueError, difference, document)


if __name__ == "__main__":
    unittest.main()
