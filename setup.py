"""All packaging of keras_transfer_gen. pyproject.toml holds tool settings; docs/dependencies.md the reasons."""

import re
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent
VERSION = re.search(r'^__version__ = "(.+)"$', (ROOT / "keras_transfer_gen/version.py").read_text("utf-8"), re.M)[1]
README = ROOT / "README.md"

setup(
    name="keras-transfer-gen",
    version=VERSION,
    description="Adapt a pretrained image generator to your images: transfer learning for GANs and VAEs with Keras 3.",
    long_description=README.read_text("utf-8") if README.exists() else "",
    long_description_content_type="text/markdown",
    author="The keras_transfer_gen authors",
    license="Apache-2.0",
    license_files=["LICENSE", "NOTICE"],
    python_requires=">=3.11,<3.14",  # what TensorFlow 2.21 has wheels for
    # The weights stand at the top of the repository and are installed inside the package (see transfer.presets).
    packages=[*find_packages(include=["keras_transfer_gen*"]), "keras_transfer_gen.saved_models"],
    package_dir={"keras_transfer_gen.saved_models": "saved_models"},
    package_data={
        "keras_transfer_gen": ["py.typed"],
        "keras_transfer_gen.saved_models": [
            f"*/{name}"
            for name in ("gan.keras", "vae.keras", "vq.keras", "*.json", "*.md", "*.png", "*.npz", "NOTICE", "LICENSE")
        ],
        "keras_transfer_gen.export.web": ["page/*", "litertjs/*"],
        "keras_transfer_gen.recipes.gallery": ["page/*"],
        "keras_transfer_gen.recipes.report": ["*.css"],
    },
    include_package_data=False,
    entry_points={"console_scripts": ["ktg = keras_transfer_gen.cli.main:main"]},
    install_requires=[
        "tensorflow>=2.21,<2.22",
        "keras>=3.15,<4",
        "tensorflow-hub>=0.16.1",
        "setuptools<82",  # tensorflow-hub 0.16.1 imports pkg_resources, which setuptools 82 no longer has
        "tensorflow-datasets>=4.9.10",
        "importlib_resources",  # tensorflow-datasets 4.9.10 imports it when it prepares a set, but does not ask for it
        "matplotlib>=3.9",
        "Pillow>=11",
        "scipy>=1.14",
        "scikit-learn>=1.5",
        "numpy>=2.0",
        "typer>=0.15",
        "rich>=13.9",
        "markdown-it-py>=3.0",
        "packaging>=24",
        "PyYAML>=6",
    ],
    extras_require={
        "dev": [
            "pytest>=8.3",
            "pytest-xdist>=3.6",
            "ruff>=0.12",
            "mypy>=1.19",
            "nbclient>=0.10",
            "nbformat>=5.10",
            "ipykernel>=6.29",
            "tf_keras>=2.21,<2.22",
            "tensorflow-serving-api>=2.19,<3",
            "pre-commit>=4.0",
            "flask>=3.1",  # the extra `serve`
            "waitress>=3.0.1",
            "mkdocs-material>=9.6,<10",  # the extra `docs`
            "mkdocstrings[python]>=1.0,<2",
        ],
        "docs": ["mkdocs-material>=9.6,<10", "mkdocstrings[python]>=1.0,<2"],
        "serve": ["flask>=3.1", "waitress>=3.0.1"],
        "litert": ["ai-edge-litert>=2.1"],
        "onnx": ["tf2onnx>=1.17", "onnx>=1.17", "onnxruntime>=1.20"],
        "openvino": ["openvino>=2025.0"],
        "safetensors": ["safetensors>=0.5"],
        "prepare": ["opencv-python-headless>=4.10,<5"],  # version 5 has no face cascades any more
        "tensorboard": ["tensorboard>=2.20"],
        "serving": ["tensorflow-serving-api>=2.19,<3"],
        "bench": ["torch>=2.4"],
    },
    classifiers=[
        "Intended Audience :: Developers",
        "Intended Audience :: Science/Research",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
    ],
)
