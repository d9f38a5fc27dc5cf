"""The numbers that were measured: docs/defaults.md says how. Plain constants; nothing is loaded."""

KIMG, BATCH_SIZE = 20.0, 32  # of a GAN, adapted or trained from nothing

# How far images are from what a source was trained on: KID x 1000 to the source's own training images, at 64 px.
# Between real sets: Noto to Twemoji people 35, to OpenMoji people 107, to photographs 258.
NEAR, FAR = 60.0, 180.0  # below the first images are near, from the second on they are far

# Fine-tuning a GAN.
FINETUNE_LEARNING_RATE = 2e-4  # of the discriminator
NEAR_RATIO, FAR_RATIO = 4.0, 8.0  # the generator's rate over the discriminator's, below and from `FAR` on
BLENDED_RATIO, FAR_BLENDED_RATIO = 0.5, 2.0  # the same for a source that blends known images: it has less far to go
BSA_RATIO, MINEGAN_RATIO = 2.5, 5.0  # the same for these methods: 5e-4 and 1e-3, as their papers have it
NEAR_FEATURE_WEIGHT, FAR_FEATURE_WEIGHT = 0.05, 0.25  # of the feature heads, below and from `FAR` on
LATENT_SELECTION_KIMG = 0.5
WARMUP_SHARE, WARMUP_MOST = 0.2, 1.0  # of a fresh discriminator: share of a run's kimg; kimg at most
SCRATCH_RATES = (3.2e-3, 4e-4)  # of a run from scratch to compare with: the generator's, the discriminator's

# Training any GAN.
R1_GAMMA, R1_INTERVAL = 2.0, 16  # weight; steps from one penalty to the next
EMA_HALFLIFE_KIMG = 10.0
EMA_RAMPUP, BLENDED_EMA_RAMPUP = 0.1, 1.0  # half-life of the average at most, over images shown; of blended codes
PRETRAIN_LEARNING_RATE = 4e-4

# Training a VAE.
VAE_LEARNING_RATE = 1e-3  # of Adam; the shipped VAEs were trained with it
VAE_BSA_LEARNING_RATE = 5e-3
VAE_ANCHORED_LEARNING_RATE = 1e-4
VAE_FINETUNE_KIMG, VAE_FINETUNE_BATCH_SIZE = 2.0, 32
VAE_PRETRAIN_KIMG, VAE_PRETRAIN_BATCH_SIZE = 60.0, 64
POSTERIOR_KL_WEIGHT, L2SP_WEIGHT = 1.0, 0.01  # of the method "anchored"

# Training a VQ-VAE: first its autoencoder by Adam, then its prior by AdamW.
VQ_LEARNING_RATE, VQ_AUTOENCODER_LEARNING_RATE = 1e-3, 1e-3
VQ_FINETUNE_LEARNING_RATE, VQ_DECODER_LEARNING_RATE = 1.5e-4, 5e-4
VQ_PRETRAIN_KIMG, VQ_FINETUNE_KIMG = 200.0, 16.0
VQ_SHARE, VQ_DRAWN_SHARE = 0.4, 0.2  # of the kimg: the autoencoder's, and at the end the decoder's that is judged
VQ_FINETUNE_SHARE, VQ_FINETUNE_DRAWN_SHARE = 0.15, 0.6  # the same in a fine-tune
VQ_DRAWN, VQ_DRAWN_WEIGHT, VQ_DRAWN_RATE = 512, 1.0, 2e-4  # how many draws; of the judgement; of both networks
