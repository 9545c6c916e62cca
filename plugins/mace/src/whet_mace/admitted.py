"""Admitted: the names that the pickle in an honest MACE file asks for, each one spelt out.

They are modules of networks, their plain data, and functions that make tensors: whoever makes them, calls them or sets
their attributes at will gets another network, and nothing runs that does not run in every network. No whole package is
admitted, nothing that imports, opens, evaluates or looks up by name, and of torch no `load`, `save` or `hub`. What a
file may define beside them, in TorchScript and for torch.fx, is in generated_code.py.
"""

from __future__ import annotations

from collections.abc import Iterator


def _in(module: str, names: str) -> Iterator[str]:
    return (f"{module}.{name}" for name in names.split())


NETWORKS = frozenset(
    [
        *_in("mace.modules.models", "MACE ScaleShiftMACE"),
        *_in(
            "mace.modules.blocks",
            "AtomicEnergiesBlock EquivariantProductBasisBlock GeneralNonLinearBiasReadoutBlock "
            "LinearNodeEmbeddingBlock LinearReadoutBlock NonLinearBiasReadoutBlock NonLinearReadoutBlock "
            "RadialEmbeddingBlock RealAgnosticAttResidualInteractionBlock RealAgnosticDensityInteractionBlock "
            "RealAgnosticDensityResidualInteractionBlock RealAgnosticInteractionBlock "
            "RealAgnosticResidualInteractionBlock RealAgnosticResidualNonLinearInteractionBlock ScaleShiftBlock",
        ),
        *_in("mace.modules.embeddings", "GenericJointEmbedding"),
        *_in("mace.modules.gate", "GatedEquivariantBlock"),
        *_in("mace.modules.irreps_tools", "reshape_irreps"),
        *_in("mace.modules.lora", "LoRADenseLinear LoRAFCLayer LoRAO3Linear"),
        *_in(
            "mace.modules.radial",
            "AgnesiTransform BesselBasis ChebychevBasis GaussianBasis PolynomialCutoff RadialMLP SoftTransform "
            "ZBLBasis",
        ),
        *_in("mace.modules.symmetric_contraction", "Contraction EmptyParam SymmetricContraction"),
        *_in("mace.modules.wrapper_ops", "CuEquivarianceConfig OEQConfig"),
        *_in("e3nn.math._normalize_activation", "normalize2mom"),
        *_in("e3nn.nn._activation", "Activation"),
        *_in("e3nn.nn._extract", "Extract ExtractIr"),
        *_in("e3nn.nn._fc", "FullyConnectedNet _Layer"),
        *_in("e3nn.nn._gate", "Gate _Sortcut"),
        *_in("e3nn.o3._irreps", "Irrep Irreps _MulIr"),
        *_in("e3nn.o3._linear", "Instruction Linear"),
        *_in("e3nn.o3._spherical_harmonics", "SphericalHarmonics"),
        *_in("e3nn.o3._tensor_product._instruction", "Instruction"),
        *_in("e3nn.o3._tensor_product._sub", "ElementwiseTensorProduct FullyConnectedTensorProduct"),
        *_in("e3nn.o3._tensor_product._tensor_product", "TensorProduct"),
        *_in("torch.fx._symbolic_trace", "Tracer"),
        *_in("torch.nn.functional", "silu sigmoid softplus tanh"),
        *_in("torch._C._nn", "gelu silu softplus"),
        *_in("torch", "sigmoid tanh"),
        *_in("torch.nn.modules.activation", "GELU SiLU Sigmoid Softplus Tanh"),
        *_in("torch.nn.modules.container", "ModuleDict ModuleList ParameterDict ParameterList Sequential"),
        *_in("torch.nn.modules.dropout", "Dropout"),
        *_in("torch.nn.modules.linear", "Identity Linear"),
        *_in("torch.nn.modules.normalization", "LayerNorm"),
        *_in("torch.nn.modules.sparse", "Embedding"),
    ]
)
"""To be imported, under the name that they have in the file."""

TRACED = "torch.fx.graph_module.reduce_graph_module"
"""What rebuilds a module of torch.fx from its Python, which is looked at first."""

PLAIN = frozenset(
    [
        *_in("__builtin__", "bytearray complex set"),
        *_in("builtins", "bytearray complex set"),
        *_in("_codecs", "encode"),
        *_in("collections", "Counter OrderedDict"),
        *_in("torch", "Size Tensor device bfloat16 bool float16 float32 float64 int8 int16 int32 int64 uint8"),
        *_in("torch", "BFloat16Storage BoolStorage ByteStorage CharStorage DoubleStorage FloatStorage HalfStorage"),
        *_in("torch", "IntStorage LongStorage ShortStorage"),
        *_in("torch._utils", "_rebuild_parameter _rebuild_parameter_with_state _rebuild_tensor _rebuild_tensor_v2"),
        *_in("torch.nn.parameter", "Parameter"),
        *_in("torch.serialization", "_get_layout"),
        *_in("torch.storage", "UntypedStorage"),
    ]
)
"""What torch's own restricted reading admits, as far as MACE files have it."""

ADMITTED = NETWORKS | PLAIN | {TRACED}
