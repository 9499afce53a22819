"""Networks, one file a family. Discriminators return logits of shape (N, 1)."""

from ganbook.networks.conv import ConvDiscriminator, ConvGenerator
from ganbook.networks.denoisers import MixtureDenoiser, VelocityDenoiser
from ganbook.networks.dense import DenseDiscriminator, DenseGenerator
from ganbook.networks.diffusion import DenseDenoiser, UNet
from ganbook.networks.energy import DenseEnergy, PolynomialEnergy, log_partition
from ganbook.networks.features import LeNet
from ganbook.networks.inception import InceptionV3Features
from ganbook.networks.plane import PlaneGenerator
from ganbook.networks.size import count_parameters
from ganbook.networks.srgan import SRDiscriminator, SRResNet
from ganbook.networks.vae import VariationalAutoencoder

__all__ = [
    "ConvDiscriminator",
    "ConvGenerator",
    "DenseDenoiser",
    "DenseDiscriminator",
    "DenseEnergy",
    "DenseGenerator",
    "InceptionV3Features",
    "LeNet",
    "MixtureDenoiser",
    "PlaneGenerator",
    "PolynomialEnergy",
    "SRDiscriminator",
    "SRResNet",
    "UNet",
    "VariationalAutoencoder",
    "VelocityDenoiser",
    "count_parameters",
    "log_partition",
]
