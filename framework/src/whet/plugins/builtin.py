"""Where installations of before look for `whet.builtin`; gone when they are installed anew."""

from whet.builtin import analyses as analyses
from whet.builtin import formats as formats
from whet.builtin import monitors as monitors
from whet.builtin import potentials as potentials
from whet.builtin import protocols as protocols
from whet.builtin import selectors as selectors
from whet.builtin import strategies as strategies
from whet.builtin import tasks as tasks
from whet.builtin import whet_api as whet_api
