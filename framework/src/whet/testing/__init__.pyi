"""What `whet.testing` hands on to the tests of plugins."""

from .analyses import check_analysis as check_analysis
from .check import TIERS as TIERS
from .check import CheckFailed as CheckFailed
from .conformance import Conformance as Conformance
from .conformance import Outcome as Outcome
from .descriptors import check_descriptor as check_descriptor
from .documented_loss import documented_loss as documented_loss
from .engine_subject import same_trajectory as same_trajectory
from .engines import check_engine as check_engine
from .given_work import GivenWork as GivenWork
from .labelers import check_labeler as check_labeler
from .lennard_jones import LennardJones as LennardJones
from .potentials import check_potential as check_potential
from .probes import check_probe as check_probe
from .process_state import process_state as process_state
from .process_state import unchanged as unchanged
from .pytest_classes import AnalysisConformance as AnalysisConformance
from .pytest_classes import DescriptorConformance as DescriptorConformance
from .pytest_classes import EngineConformance as EngineConformance
from .pytest_classes import LabelerConformance as LabelerConformance
from .pytest_classes import PotentialConformance as PotentialConformance
from .pytest_classes import ProbeConformance as ProbeConformance
from .pytest_classes import StructureConformance as StructureConformance
from .pytest_classes import TrainingConformance as TrainingConformance
from .structure_sources import check_structures as check_structures
