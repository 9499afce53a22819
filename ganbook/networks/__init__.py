"""Networks, one file a family. Discriminators return logits of shape (N, 1)."""

from ganbook.networks.attributes import CatAttributeNet
from ganbook.networks.cats import CatDiscriminator, CatGenerator
from ganbook.networks.conv import ConvDiscriminator, ConvGenerator
from ganbook.networks.dcgan import DcganDiscriminator, DcganGenerator
from ganbook.networks.denoisers import MixtureDenoiser, VelocityDenoiser
from ganbook.networks.dense import DenseDiscriminator, DenseGenerator
from ganbook.networks.diffusion import DenseDenoiser, UNet
from ganbook.networks.energy import DenseEnergy, PolynomialEnergy, log_partition
from ganbook.networks.esrgan import RRDBNet
from ganbook.networks.features import LeNet
from ganbook.networks.imagenet import ImageNetFeatures, vgg19_features
from ganbook.networks.inception import InceptionV3Features
from ganbook.networks.minibatch import MinibatchDiscrimination, MinibatchStd
from ganbook.networks.plane import PlaneGenerator
from ganbook.networks.residual import ResidualDiscriminator, ResidualGenerator
from ganbook.networks.size import count_parameters, receptive_field
from ganbook.networks.srgan import SRDiscriminator, SRResNet
from ganbook.networks.vae import VariationalAutoencoder

__all__ = [
    "CatAttributeNet",
    "CatDiscriminator",
    "CatGenerator",
    "ConvDiscriminator",
    "ConvGenerator",
    "DcganDiscriminator",
    "DcganGenerator",
    "DenseDenoiser",
    "DenseDiscriminator",
    "DenseEnergy",
    "DenseGenerator",
    "ImageNetFeatures",
    "InceptionV3Features",
    "LeNet",
    "MinibatchDiscrimination",
    "MinibatchStd",
    "MixtureDenoiser",
    "PlaneGenerator",
    "PolynomialEnergy",
    "RRDBNet",
    "ResidualDiscriminator",
    "ResidualGenerator",
    "SRDiscriminator",
    "SRResNet",
    "UNet",
    "VariationalAutoencoder",
    "VelocityDenoiser",
    "count_parameters",
    "log_partition",
    "receptive_field",
    "vgg19_features",
]
